# Mounts over its directory, and changes its root.
./calls mounts
