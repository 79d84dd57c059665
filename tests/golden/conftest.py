"""The scripts here need PyTorch and are run by hand; they hold no tests."""

collect_ignore_glob = ["make_*.py"]
