"""Pods of Kubernetes, from the cgroup's path and the names of /var/log/pods; no API is asked."""

from __future__ import annotations

import re
import time
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Kubernetes' pkg/kubelet/cm: ".../kubepods-burstable-pod<uid>.slice" with _ for -, or ".../burstable/pod<uid>". The uid
# of a static pod is a hash of 32 digits.
POD = re.compile(r"(?:.*-)?pod([0-9a-f]{32}|[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})(?:\.slice)?")
STATIC_UID_LENGTH = 32
# Kubernetes' apimachinery/pkg/util/rand: random suffixes have no vowels and no 0 1 3; the hash of a ReplicaSet is a
# decimal number of 32 bits, each digit of which SafeEncodeString writes as one of ten of these letters.
RANDOM, HASH = "[bcdfghjklmnpqrstvwxz2456789]{5}", "[456789bcdf]{8,10}"
SUFFIX = re.compile(
    rf"-{HASH}-{RANDOM}$"  # a Deployment: name-<hash of the ReplicaSet>-<random>
    rf"|-(?:\d{{8}}|\d{{10}})-{RANDOM}$"  # a CronJob: name-<minutes, once seconds, since 1970>-<random>
    rf"|-{RANDOM}$"  # a DaemonSet, a Job, a ReplicaSet: name-<random>
    r"|-(?:0|[1-9]\d{0,3})$"  # a StatefulSet: name-<ordinal>
)
LIST_SECONDS = 0.9
# The kubelet makes the folder before it starts a container: what is not there then does not come.
AWAITED_SECONDS = 10.0
MOST_PODS = 4096


class Pods:
    """Names of pods by the uids in their cgroups' paths; `node` is this machine's name in the cluster."""

    def __init__(self, logs: Path, node: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._logs, self._node, self._clock = logs, node, clock
        self._names: dict[str, str] = {}
        self._awaited: dict[str, float] = {}
        self._listed = -LIST_SECONDS

    def name_of(self, path: str) -> str | None:
        """Return "namespace/workload" of a cgroup; None where it is no pod's, or /var/log/pods does not name it."""
        uid = uid_of(path)
        if uid is None:
            return None
        if self._is_awaited(uid) and self._clock() - self._listed >= LIST_SECONDS:
            self._list()
        return self._names.get(uid)

    def is_undecided(self, path: str) -> bool:
        """Whether the folder of a pod's logs may still come."""
        uid = uid_of(path)
        return uid is not None and self._is_awaited(uid)

    def _is_awaited(self, uid: str) -> bool:
        if uid in self._names:
            return False
        if len(self._awaited) >= MOST_PODS:
            self._awaited = {}
        return self._clock() - self._awaited.setdefault(uid, self._clock()) < AWAITED_SECONDS

    def _list(self) -> None:
        self._listed = self._clock()
        try:
            names = [folder.name for folder in islice(self._logs.iterdir(), MOST_PODS)]
        except OSError:
            return
        # <namespace>_<pod>_<uid>, none of which has a _ (Kubernetes' pkg/kubelet/kuberuntime).
        found = {parts[2]: parts for name in names if len(parts := name.split("_")) == 3}  # noqa: PLR2004 - as above
        listed = {
            uid: f"{namespace}/{self._static(pod) if len(uid) == STATIC_UID_LENGTH else workload(pod)}"
            for uid, (namespace, pod, _) in found.items()
        }
        self._names = listed if len(self._names) + len(listed) > MOST_PODS else self._names | listed

    def _static(self, pod: str) -> str:
        return pod.removesuffix(f"-{self._node}")


def uid_of(path: str) -> str | None:
    """The uid of the pod whose cgroup this is, or lies in; None without one."""
    found = (POD.fullmatch(name) for name in reversed(path.split("/")))
    return next((match[1].replace("_", "-") for match in found if match), None)


def workload(pod: str) -> str:
    """What made a pod, by the pod's name without what a Deployment, DaemonSet, StatefulSet, Job or CronJob adds."""
    return SUFFIX.sub("", pod) or pod
