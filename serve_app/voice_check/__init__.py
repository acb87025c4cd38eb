"""The measurements that `check-voice` takes of a reference file, and its report on them."""
