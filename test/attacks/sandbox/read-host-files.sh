# Reads what other programs of the host leave in /tmp, and what its administrator has.
cat "$HOST_FILE" && echo "GOT a file of the host's /tmp"
for directory in /root /home /var /run /boot /sys; do [ ! -e "$directory" ] || echo "GOT $directory"; done
cat /etc/shadow >/dev/null && echo "GOT the passwords"
