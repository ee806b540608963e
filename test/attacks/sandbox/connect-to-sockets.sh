# Talks to the host's sockets, such as a database's or a container engine's: by a name in the file system, and by an abstract one.
./calls unix "$SOCKET"
./calls abstract "$ABSTRACT_SOCKET"
