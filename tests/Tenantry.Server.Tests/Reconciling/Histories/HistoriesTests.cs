using Tenantry.Server.Tests.Store;

namespace Tenantry.Server.Tests.Reconciling.Histories;

/// <summary>
/// Thousands of short histories. Never two workers on one instance, never a lost tenant, never a doubled resource; deletion always
/// ends; the status always tells; late writers are refused. A seed that fails prints its history, and fails again when it is run alone.
/// </summary>
public abstract class Histories(int firstSeed)
{
    private const int Seeds = 500;

    [Fact]
    public Task EveryHistoryEndsAsItIsWanted() => Workbench.StepwiseAsync(async () =>
    {
        await using var bench = await Workbench.StartAsync();
        for (var seed = firstSeed; seed < firstSeed + Seeds; seed++)
            await new History(seed, bench.Store, bench.Time).RunAsync();
    });
}

public sealed class HistoriesFrom1() : Histories(1);

public sealed class HistoriesFrom501() : Histories(501);

public sealed class HistoriesFrom1001() : Histories(1001);

public sealed class HistoriesFrom1501() : Histories(1501);
