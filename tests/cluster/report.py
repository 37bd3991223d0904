def write(results, runs):
    pass
