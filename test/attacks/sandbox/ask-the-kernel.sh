# Uses the wide ways into the kernel: rings, keys, handles, another personality, another machine's calls.
./calls kernel
./calls foreign-call
