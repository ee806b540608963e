# Makes a user namespace, in which it would be root, and mounts in it.
./calls namespaces
unshare --user --map-root-user --mount true && echo "GOT a user namespace by a program"
