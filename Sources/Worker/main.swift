print("reflow-worker")
