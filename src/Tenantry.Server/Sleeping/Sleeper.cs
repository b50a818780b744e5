using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Sleeping;

/// <summary>Puts idle instances to rest: looks at each that has a sleep policy, decides, and writes the decision for the reconciler.</summary>
public sealed class Sleeper(
    IStore store, SleepIndex index, TargetSet targets, Reconciler reconciler, GatewayHub gateways, InstanceCommands commands, OtherEngines others, Action<string> poke, SleeperOptions options, TimeProvider time, ILogger<Sleeper> log)
    : RepeatedLook("Nobody is put to rest", options.Look, time, log)
{
    private const int AtOnce = 4;
    private const string LateOthers = "its target does not say in time what others on it use";
    private static readonly TimeSpan BetweenQuestions = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Renewed = RestChoice.Lasts / 5;
    private readonly ConcurrentDictionary<string, WatchedInstance> watched = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Task> looks = new(StringComparer.Ordinal);

    /// <summary>Why the instance rests or is awake; null while nobody decided.</summary>
    public string? ReasonOf(string instanceId) => watched.GetValueOrDefault(instanceId)?.Verdict?.Reason;

    /// <summary>Looks once.</summary>
    internal Task LookAsync(CancellationToken cancellationToken) => LookOnceAsync(cancellationToken);

    /// <inheritdoc/>
    protected override async Task LookOnceAsync(CancellationToken cancellationToken)
    {
        await index.RefreshAsync(cancellationToken);
        foreach (var id in watched.Keys.Where(id => index.Find(id) is null))
        {
            watched.TryRemove(id, out _);
            commands.Forget(id);
        }

        foreach (var place in index.All.GroupBy(entry => entry.Record.Spec.Target, StringComparer.Ordinal))
        {
            // A look at a target that hangs goes on while the others get their next one.
            if (!looks.TryGetValue(place.Key, out var before) || before.IsCompleted)
                looks[place.Key] = LookAsync([.. place], cancellationToken);
        }

        await Task.WhenAny(Task.WhenAll(looks.Values), Task.Delay(options.Look, Time, cancellationToken));
        if (cancellationToken.IsCancellationRequested)
            await Task.WhenAll(looks.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var (place, look) in looks.Where(look => look.Value.IsCompleted))
        {
            looks.TryRemove(place, out _);
            await look;
        }
    }

    // Of one target. Once a few of its instances could not be measured in time, the rest is left for the next look.
    private async Task LookAsync(IReadOnlyList<SleepEntry> entries, CancellationToken cancellationToken)
    {
        var round = new Round(targets, entries[0].Record.Spec.Target, new RenewedRests(store, Time), cancellationToken);
        var looking = Parallel.ForEachAsync(
            entries,
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (entry, stopping) => await LookAsync(entry, round, stopping));
        await round.Renewed.WriteWhileAsync(looking, cancellationToken);
    }

    private async Task LookAsync(SleepEntry entry, Round round, CancellationToken cancellationToken)
    {
        var record = entry.Record;
        var instance = watched.GetOrAdd(record.Spec.Id, _ => new WatchedInstance(Time.GetUtcNow()));
        instance.Follow(record, Time.GetUtcNow());
        // The status does not say yet what is just being done: what is seen of one that stops is no work.
        if (reconciler.IsWorkingOn(record.Spec.Id))
            return;
        // What was decided about one that is not free now ends by itself, if it is not done in time.
        if (await VerdictAsync(entry, instance, round, cancellationToken) is not { } verdict)
        {
            instance.Verdict = null;
            return;
        }

        instance.Verdict = verdict;
        if (verdict.Depth is { } depth && depth != entry.Present)
            await DecideAsync(entry, instance, depth, verdict, round, cancellationToken);
        else if (instance.Pending is not null && verdict is { Ask: false, IsOpen: false })
            await WithdrawAsync(entry, instance, cancellationToken);
    }

    // Null: it is not for the engine to say.
    private async Task<IdleVerdict?> VerdictAsync(SleepEntry entry, WatchedInstance instance, Round round, CancellationToken cancellationToken)
    {
        var record = entry.Record;
        if (entry.PolicyAt(Time.GetUtcNow()) is not { } policy)
            return Awake("it has no sleep policy");
        if (!entry.IsFree || (entry.IsAtRestByWord && entry.Policy is not { Awake.Count: > 0 }))
            return null;
        if (entry.IsAtRestByWord && policy.Awake.Count == 0)
        {
            var orHours = AwakeHours.BeginAgain(entry.Policy!.Awake, Time.GetUtcNow()) ? " or its awake hours begin anew" : "";
            return new(null, $"{(entry.Present == DesiredState.Frozen ? "frozen" : "asleep")} since a person said so, until a request comes{orHours}", Time.GetUtcNow());
        }

        ITarget target;
        TargetRecord place;
        try
        {
            (target, place) = await round.Target.Value;
        }
        catch (TargetException failure)
        {
            // What another engine decided is not for this one to take back.
            instance.Pending = null;
            return Awake($"its target does not answer: {failure.Message}");
        }

        if (place.Home.Length == 0 && others.Names is [var other, ..])
            return Awake($"the engine {other} shares its target, and what that one's gateway sees is not known here");
        var runs = entry.Present == DesiredState.Running;
        var isMeasured = runs && Time.GetUtcNow() >= instance.MeasureAt;
        if (isMeasured && !await MeasureAsync(target, entry, instance, policy, round, cancellationToken))
            return Awake(LateOthers) with { IsOpen = true };
        var verdict = Judge(target, entry, instance, policy);
        // What began since the last measurement is not known yet.
        if (verdict.Depth is not null && runs && !isMeasured)
        {
            if (!await MeasureAsync(target, entry, instance, policy, round, cancellationToken))
                return Awake(LateOthers) with { IsOpen = true };
            verdict = Judge(target, entry, instance, policy);
        }

        if (verdict.Ask && !instance.IsAsking)
            _ = AskAsync(target, entry, instance, round.Service);
        return verdict;
    }

    private IdleVerdict Awake(string why) => new(null, $"awake: {why}", Time.GetUtcNow());

    private IdleVerdict Judge(ITarget target, SleepEntry entry, WatchedInstance instance, SleepPolicy policy)
    {
        var (record, now) = (entry.Record, Time.GetUtcNow());
        return IdleDecision.Of(new IdleFacts(
            now,
            policy,
            entry.Busy,
            record.Spec.Hold,
            entry.Present,
            target is IFreeze,
            instance.AwakeSince,
            record.Rest?.IdleSince,
            gateways.TrafficOf(record.Spec.Id),
            instance.Usage.Seen,
            instance.AnswerAt(entry.Busy, policy, now),
            instance.BusyAt,
            commands.Of(record.Spec.Id)));
    }

    // False: not in this look.
    private async Task<bool> MeasureAsync(ITarget target, SleepEntry entry, WatchedInstance instance, SleepPolicy policy, Round round, CancellationToken cancellationToken)
    {
        if (round.Late >= AtOnce)
            return false;
        instance.Measured(policy, Time.GetUtcNow(), options.MeasureEvery);
        if (target is not IStats stats)
        {
            instance.Usage.Fail($"target '{target.Name}' cannot count what an instance uses");
            return true;
        }

        try
        {
            var usage = await stats.ReadUsageAsync(Ref(entry.Record), cancellationToken).WaitAsync(options.MeasureWithin, Time, cancellationToken);
            instance.Usage.Add(usage, entry.Busy, WatchedInstance.ShortestOf(policy));
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            // One target that hangs or is broken keeps nobody else from rest.
            if (failure is TimeoutException)
                Interlocked.Increment(ref round.Late);
            instance.Usage.Fail(failure is TimeoutException ? "its target does not say in time what it uses" : failure.Message);
        }

        return true;
    }

    private async Task AskAsync(ITarget target, SleepEntry entry, WatchedInstance instance, CancellationToken stopping)
    {
        instance.IsAsking = true;
        try
        {
            instance.Answered(
                await BusyQuestion.AskAsync(target, Ref(entry.Record), entry.Record.Status.Endpoint, entry.EntryService, entry.Busy, stopping), Time.GetUtcNow());
        }
        catch (OperationCanceledException)
        {
            // The engine stops.
        }
        finally
        {
            instance.IsAsking = false;
        }
    }

    private async Task DecideAsync(SleepEntry entry, WatchedInstance instance, DesiredState depth, IdleVerdict verdict, Round round, CancellationToken cancellationToken)
    {
        var (record, now) = (entry.Record, Time.GetUtcNow());
        var before = instance.Pending;
        var isKnown = before?.Depth == depth;
        // Whoever is to rest is found idle anew while it waits for its turn; after a failure, in time for the next try.
        if (isKnown && (now - before!.At < Renewed || (record.Status.Failures > 0 && record.Status.NextLookAt - now > Renewed)))
            return;
        var rest = new InstanceRest(depth, verdict.Reason, now, verdict.IdleSince);
        if (isKnown)
        {
            round.Renewed.Add(instance, record, rest, before!);
            return;
        }

        if (!await (depth == DesiredState.Running ? PutWakeAsync(record, instance, rest, cancellationToken) : PutAsync(record, instance, rest, before ?? record.Rest, cancellationToken)))
            return;

        Log.LogInformation("Instance {Slug} is to be {Depth}: {Reason}", record.Spec.Slug, depth, verdict.Reason);
        poke(record.Spec.Id);
    }

    // Hours wake nobody beyond a quota; as soon as another one rests they do.
    private async Task<bool> PutWakeAsync(InstanceRecord record, WatchedInstance instance, InstanceRest rest, CancellationToken cancellationToken)
    {
        if (Time.GetUtcNow() >= instance.AskQuotaAt)
        {
            try
            {
                return await store.PutWakeAsync(record.Spec.Id, rest, record.Rest, record.Spec.Generation, cancellationToken);
            }
            catch (QuotaExceededException)
            {
                instance.AskQuotaAt = Time.GetUtcNow() + BetweenQuestions;
            }
        }

        instance.Verdict = new(null, $"at rest, as many instances are awake as the quota allows; to be {rest.Reason}", Time.GetUtcNow());
        return false;
    }

    private async Task WithdrawAsync(SleepEntry entry, WatchedInstance instance, CancellationToken cancellationToken)
    {
        var record = entry.Record;
        var before = record.Rest is { } rest && rest.Depth == entry.Present ? rest : null;
        if (before is null && record.Spec.Desired != entry.Present)
            before = new InstanceRest(entry.Present, "it is in use", Time.GetUtcNow(), Time.GetUtcNow());
        if (await PutAsync(record, instance, before, instance.Pending, cancellationToken))
            poke(record.Spec.Id);
    }

    // False: something else was decided than what was read. The store says what.
    private async Task<bool> PutAsync(InstanceRecord record, WatchedInstance instance, InstanceRest? rest, InstanceRest? before, CancellationToken cancellationToken)
    {
        var isPut = await store.PutRestAsync(record.Spec.Id, rest, before, record.Spec.Generation, cancellationToken);
        instance.Pending = WatchedInstance.PendingOf(isPut ? record with { Rest = rest } : await store.FindInstanceAsync(record.Spec.Id, cancellationToken));
        return isPut;
    }

    /// <param name="targets">All targets.</param>
    /// <param name="name">The one whose instances are looked at.</param>
    /// <param name="renewed">What is decided anew in it.</param>
    /// <param name="service">Ends with the sleeper, and not with the look.</param>
    private sealed class Round(TargetSet targets, string name, RenewedRests renewed, CancellationToken service)
    {
        public int Late;

        public RenewedRests Renewed { get; } = renewed;

        /// <summary>Asked for once, however many instances it has.</summary>
        public Lazy<Task<(ITarget Target, TargetRecord Record)>> Target { get; } = new(() => targets.GetAsync(name, service));

        public CancellationToken Service => service;
    }

    private InstanceRef Ref(InstanceRecord record) => new(record.Spec.Id, record.Spec.Slug, store.Owner);
}

/// <summary>Times of the sleeper.</summary>
public sealed record SleeperOptions
{
    /// <summary>Between two looks.</summary>
    public TimeSpan Look { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest time that a measurement takes.</summary>
    public TimeSpan MeasureWithin { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest time between two measurements of an instance.</summary>
    public TimeSpan MeasureEvery { get; init; } = TimeSpan.FromSeconds(15);
}
