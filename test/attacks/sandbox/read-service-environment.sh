# Looks for secrets in the environment of whatever process can be seen.
for environ in /proc/[0-9]*/environ; do
  tr '\0' '\n' <"$environ" | grep SERVICE_SECRET && echo "GOT an environment"
done
tr '\0' ' ' <"/proc/$SERVICE_PID/cmdline" && echo "GOT a command line"
