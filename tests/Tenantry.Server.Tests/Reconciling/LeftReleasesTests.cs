using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Tests.Store;

namespace Tenantry.Server.Tests.Reconciling;

/// <summary>What targets keep for releases that are no more.</summary>
public sealed class LeftReleasesTests
{
    [Fact]
    public async Task ATargetLetsGoOfWhatItKeepsForReleasesThatTheStoreDoesNotKnow()
    {
        await using var bench = await Workbench.StartAsync();
        var kept = bench.World.KeptReleases;
        foreach (var release in (string[])[Fleet.FirstRelease, "gone", "held"])
            kept[release] = release == "held";
        using var left = new LeftReleases(bench.Store, bench.NewTargets(bench.Store, _ => { }), bench.Time, NullLogger<LeftReleases>.Instance);

        await left.LookAsync(CancellationToken.None);
        kept.Keys.ShouldBe([Fleet.FirstRelease, "held"], ignoreOrder: true);

        kept["held"] = false;
        await left.LookAsync(CancellationToken.None);
        kept.Keys.ShouldBe([Fleet.FirstRelease]);
    }
}
