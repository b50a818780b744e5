// Two side by side: each waits for its control plane and instances for more than half of its time.
[assembly: CollectionBehavior(MaxParallelThreads = 2)]
[assembly: TestCollectionOrderer("Tenantry.EndToEnd.Tests.Running.LongestFirst", "Tenantry.EndToEnd.Tests")]
