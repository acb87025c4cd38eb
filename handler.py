"""The file in which RunPod looks for a worker; the worker is `runpod_entry`."""

from runpod_entry import main

if __name__ == "__main__":
    main()
