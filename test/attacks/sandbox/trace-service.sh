# Attaches to the service as a debugger does, then tries whether any process can be traced.
./calls trace "$SERVICE_PID"
./calls trace-me
