// Each test runs a control plane and instances of its own on the same two cores: side by side they would only be slow.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
