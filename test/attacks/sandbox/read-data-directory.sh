# Reads what the service keeps: its database, stored files, the key of its lock.
cat "$DATA_DIRECTORY/secret" && echo "GOT a file of the service"
cat "/proc/1/root$DATA_DIRECTORY/secret" && echo "GOT a file of the service through /proc"
