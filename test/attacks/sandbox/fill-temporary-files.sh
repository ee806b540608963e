# Fills memory by way of the directories that lie in it.
for directory in /tmp /dev/shm; do
  head -c 100000000 /dev/zero >"$directory/attack-$$" && echo "GOT 100 MB of $directory"
  rm -f "$directory/attack-$$"
done
