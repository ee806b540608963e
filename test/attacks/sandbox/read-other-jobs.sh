# Reads what another job has in its working directory.
cat "$OTHER_JOB/secret" && echo "GOT a file of another job"
ls "$OTHER_JOB/.." | grep -v "^${PWD##*/}" && echo "GOT names of other jobs"
