"""Access logs of web servers: their formats, where reading them stands, following and importing them."""
