# Looks for descriptors that were left open by whoever started it, its own or those of the other processes.
for link in /proc/self/fd/*; do
  case ${link##*/} in 0|1|2) ;; *) [ ! -e "$link" ] || echo "GOT descriptor $link" ;; esac
done
for link in /proc/1/fd/*; do
  # Pipes are what the command itself writes to; those of the launcher in Node had a name.
  target=$(readlink "$link") || continue
  case $target in pipe:*|socket:*|/dev/null|*' (deleted)') ;; *) echo "GOT $target of the first process" ;; esac
done
