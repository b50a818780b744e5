using Tenantry.Server.Engine;
using Tenantry.Server.Sleeping;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Reconciling;

namespace Tenantry.Server.Tests.Engine;

/// <summary>What the gateway is let to when the database is away.</summary>
public sealed class InstanceLookupTests : IAsyncLifetime
{
    private Workbench _bench = null!;

    public async Task InitializeAsync() => _bench = await Workbench.StartAsync();

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task WhileTheStoreIsAwayAnInstanceIsReachedAsItWasLastSeen()
    {
        var spec = await _bench.RunningAsync("alice");
        var (store, away) = AwayStore.InFrontOf(_bench.Store);
        var index = new SleepIndex(store);
        var lookup = new InstanceLookup(store, index, _bench.NewTargets(store, _ => { }), _bench.Time);
        await index.RefreshAsync(CancellationToken.None);
        (await lookup.FindAsync(spec.Id, CancellationToken.None)).Record.Spec.Slug.ShouldBe("alice");

        away.IsAway = true;
        for (var time = 0; time < 2; time++)
        {
            var (target, record) = await lookup.FindAsync(spec.Id, CancellationToken.None);
            (target.Name, record.Spec.Slug, record.Status.Endpoint is null).ShouldBe(("here", "alice", false));
        }

        await Should.ThrowAsync<StoreUnavailableException>(() => lookup.FindAsync("nobody", CancellationToken.None));
        away.IsAway = false;
        await Should.ThrowAsync<KeyNotFoundException>(() => lookup.FindAsync("nobody", CancellationToken.None));
    }
}
