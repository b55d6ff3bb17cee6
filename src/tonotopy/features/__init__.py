"""What can be measured in sound without a model: arrays in, arrays out, a batch at a time."""
