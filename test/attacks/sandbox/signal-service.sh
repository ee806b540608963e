# Ends the service.
kill -0 "$SERVICE_PID" && kill -KILL "$SERVICE_PID" && echo "GOT the service"
