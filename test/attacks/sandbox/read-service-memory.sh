# Reads the memory of the service, by the call for that and through /proc.
./calls memory "$SERVICE_PID" "$SERVICE_ADDRESS"
[ -r "/proc/$SERVICE_PID/mem" ] && echo "GOT the memory as a file"
