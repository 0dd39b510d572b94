"""Settings: one frozen tree, read once from YAML and the environment, validated before anything starts."""

from exporter.settings.loading import Loaded, SettingsError, load_settings, user_file
from exporter.settings.tree import Notify, PlanSettings, Settings

__all__ = ["Loaded", "Notify", "PlanSettings", "Settings", "SettingsError", "load_settings", "user_file"]
