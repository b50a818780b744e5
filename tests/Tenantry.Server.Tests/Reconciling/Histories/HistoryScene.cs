using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Store;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Fake;

namespace Tenantry.Server.Tests.Reconciling.Histories;

/// <summary>What a history happens in: the store, the outside, the clock, and the record of all that happened.</summary>
internal sealed class HistoryScene
{
    private readonly StringBuilder _log = new();
    private readonly List<(FakeCall Call, FakeReaction Reaction)> _next = [];

    public HistoryScene(int seed, IStore store, ManualTime time)
    {
        Seed = seed;
        Random = new Random(seed);
        Store = store;
        Time = time;
        Fleet = new Fleet(store, time);
        Schedule = new Schedule(Random);
        Workloads = new FakeWorkloads { Owner = store.Owner };
        Options = new ReconcilerOptions
        {
            Chance = Random.NextDouble,
            LookLimit = TimeSpan.FromSeconds(20),
            ChangeLimit = TimeSpan.FromMinutes(2),
        };
        Script = new FakeScript { Decide = (call, _) => Take(call, reaction => !IsDelay(reaction)) };
    }

    public int Seed { get; }

    public Random Random { get; }

    public IStore Store { get; }

    public ManualTime Time { get; }

    public Fleet Fleet { get; }

    public Schedule Schedule { get; }

    public FakeWorkloads Workloads { get; }

    public ReconcilerOptions Options { get; }

    public FencingRecord Fencing { get; } = new();

    public FakeWorld World { get; } = new();

    public FakeScript Script { get; }

    /// <summary>Ids of the instances of this history; the store has those of others too.</summary>
    public List<string> Ids { get; } = [];

    public List<FakeProcess> Processes { get; } = [];

    public string Log => _log.ToString();

    public string Pick() => Ids[Random.Next(Ids.Count)];

    public void Note(string what) => _log.Append(Time.GetUtcNow().ToString("HH:mm:ss", null)).Append(' ').AppendLine(what);

    public void Misbehave(FakeCall call, FakeReaction reaction) => _next.Add((call, reaction));

    public void Behave() => _next.Clear();

    public TargetSet Targets(IStore store, Func<FakeTarget, ITarget> wrap) => new(
        store,
        [FakeTarget.CatalogLine with { Create = context => wrap(new FakeTarget(context, World, Script)) }],
        new DataFolders(Path.GetTempPath()),
        Path.GetTempPath(),
        "history",
        _ => { },
        Time,
        NullLoggerFactory.Instance);

    /// <summary>What must hold at every moment.</summary>
    public void Check()
    {
        World.Violations.ShouldBeEmpty();
        Fencing.Violations.ShouldBeEmpty();
        foreach (var process in Processes.Where(process => process.Run.IsFaulted))
            throw process.Run.Exception!.InnerException!;
    }

    /// <summary>
    /// Waits as long as the target is slow or hangs. Not left to the fake itself: cancelling a task's delay goes by way of another
    /// thread, and here one thread decides what happens when.
    /// </summary>
    public async Task DelayAsync(FakeCall call, CancellationToken cancellationToken)
    {
        if (Take(call, IsDelay) is not { } reaction)
            return;
        var over = new TaskCompletionSource();
        await using var timer = reaction is FakeReaction.Slow slow
            ? Time.CreateTimer(_ => over.TrySetResult(), null, slow.Time, Timeout.InfiniteTimeSpan)
            : null;
        await using var cancelled = cancellationToken.UnsafeRegister(_ => over.TrySetCanceled(cancellationToken), null);
        await over.Task;
    }

    private static bool IsDelay(FakeReaction reaction) => reaction is FakeReaction.Hang or FakeReaction.Slow;

    private FakeReaction? Take(FakeCall call, Predicate<FakeReaction> wanted)
    {
        var at = _next.FindIndex(next => next.Call == call && wanted(next.Reaction));
        if (at < 0)
            return null;
        var reaction = _next[at].Reaction;
        _next.RemoveAt(at);
        return reaction;
    }
}
