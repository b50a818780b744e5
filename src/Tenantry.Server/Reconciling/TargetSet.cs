using Microsoft.Extensions.Logging;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Reconciling;

/// <summary>
/// The configured targets as objects: one is made when it is first needed and made anew when its record changed. What they notice by
/// themselves goes to <paramref name="noticed"/>. One that is a machine is at home at the first engine that needs it, <paramref name="node"/>, and no other
/// engine on the same store works on it.
/// </summary>
public sealed class TargetSet(
    IStore store,
    IReadOnlyList<TargetKind> catalog,
    DataFolders folders,
    string runFolder,
    string node,
    Action<string> noticed,
    TimeProvider time,
    ILoggerFactory loggers) : IAsyncDisposable
{
    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly Dictionary<string, OpenTarget> open = new(StringComparer.Ordinal);

    /// <summary>The target of that name and its record. One that is in use at this moment is made anew when its users are done.</summary>
    /// <exception cref="TargetException">There is none, its kind is unknown, or its options make no sense: terminal.</exception>
    public async Task<(ITarget Target, TargetRecord Record)> GetAsync(string name, CancellationToken cancellationToken)
    {
        var record = await FindAsync(name, cancellationToken);
        await gate.WaitAsync(cancellationToken);
        try
        {
            return ((await OpenAsync(record)).Target, record);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Makes those that are not made yet, so that they notice by themselves before anybody needs them. One that cannot be made says why to whoever does.</summary>
    public async Task OpenAllAsync(CancellationToken cancellationToken)
    {
        foreach (var record in await store.ListTargetsAsync(cancellationToken))
        {
            try
            {
                await GetAsync(record.Name, cancellationToken);
            }
            catch (TargetException failure)
            {
                loggers.CreateLogger<TargetSet>().LogDebug(failure, "Target {Target} cannot be made", record.Name);
            }
        }
    }

    /// <summary>The target of that name as it was last made, whatever the store says of it now; null when it was not needed yet.</summary>
    public async Task<ITarget?> FindOpenAsync(string name, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            return open.GetValueOrDefault(name)?.Target;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>The same for whoever changes something by it: it is not closed until that is disposed.</summary>
    /// <exception cref="TargetException">As of <see cref="GetAsync"/>; retryable while users of it as it was before its record changed are not done.</exception>
    public async Task<TargetUse> UseAsync(string name, CancellationToken cancellationToken)
    {
        var record = await FindAsync(name, cancellationToken);
        await gate.WaitAsync(cancellationToken);
        try
        {
            var target = await OpenAsync(record);
            if (!target.IsMadeFrom(record))
                throw new TargetException($"Target '{name}' was changed and is still in use as it was before.", retryable: true);
            target.Enter();
            return new TargetUse(target.Target, record, target.Leave);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>A target that is not stored, for a look; who asks for it closes it. Nothing is told of what it notices.</summary>
    /// <exception cref="TargetException">Its kind is unknown, or its options make no sense: terminal.</exception>
    public ITarget MakeApart(TargetRecord record) => Make(record);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var target in open.Values)
            await target.DisposeAsync();
        open.Clear();
        gate.Dispose();
    }

    /// <summary>Makes a target that is a machine at home here, whatever engine it belonged to. What that one made is not known here.</summary>
    /// <exception cref="TargetException">There is none of that name, or it is no machine: terminal.</exception>
    public async Task AdoptAsync(string name, CancellationToken cancellationToken)
    {
        var record = await store.FindTargetAsync(name, cancellationToken) ?? throw Unknown(name);
        if (!IsOneMachine(record))
            throw new TargetException($"Target '{name}' is no single machine: every engine works on it already.", retryable: false);
        await store.SettleTargetAsync(name, node, replace: true, cancellationToken);
    }

    /// <summary>
    /// The part of a target that stayed on this machine when another engine adopted it; null when the target is at home here or everywhere, or was never here.
    /// </summary>
    /// <exception cref="TargetException">Its kind is unknown, or its options make no sense.</exception>
    public async Task<ITarget?> FindLeftAsync(TargetRecord record, CancellationToken cancellationToken)
    {
        if (!IsOneMachine(record) || record.Home.Length == 0 || record.Home == node || !Directory.Exists(folders.Target(record.Name)))
            return null;
        // What the other engine works on may be the very same things.
        if (Machine(record.Home) == Machine(node) && catalog.First(line => line.Kind == record.Kind) is { IsOfItsFolder: false })
            return null;
        await gate.WaitAsync(cancellationToken);
        try
        {
            return (await OpenAsync(record)).Target;
        }
        finally
        {
            gate.Release();
        }
    }

    private static string Machine(string name) => name[..Math.Max(0, name.LastIndexOf('-'))];

    private async Task<TargetRecord> FindAsync(string name, CancellationToken cancellationToken)
    {
        var record = await store.FindTargetAsync(name, cancellationToken) ?? throw Unknown(name);
        if (!IsOneMachine(record) || record.Home == node)
            return record;
        var home = record.Home.Length > 0 ? record.Home : await store.SettleTargetAsync(name, node, replace: false, cancellationToken);
        return home == node ? record with { Home = home } : throw new TargetException(
            $"Target '{name}' is the machine of another engine, '{home}'; only that one works on it.",
            retryable: true,
            fix: $"Ask there. If it is gone for good, 'tenantry target adopt {name}' makes this engine work on it, with empty volumes.");
    }

    private bool IsOneMachine(TargetRecord record) => catalog.FirstOrDefault(line => line.Kind == record.Kind)?.IsOneMachine(record.Options) == true;

    private static TargetException Unknown(string name) =>
        new($"There is no target '{name}'.", retryable: false, fix: $"Add it with 'tenantry target add {name} --kind KIND'.");

    private async Task<OpenTarget> OpenAsync(TargetRecord record)
    {
        if (open.TryGetValue(record.Name, out var known))
        {
            if (known.IsMadeFrom(record) || known.IsInUse)
                return known;
            open.Remove(record.Name);
            await known.DisposeAsync();
        }

        var made = new OpenTarget(record, Make(record), noticed, loggers.CreateLogger<TargetSet>());
        open.Add(record.Name, made);
        return made;
    }

    private ITarget Make(TargetRecord record)
    {
        var kind = catalog.FirstOrDefault(line => line.Kind == record.Kind) ?? throw new TargetException(
            $"Target '{record.Name}' is of kind '{record.Kind}', which this version does not have.",
            retryable: false,
            fix: $"It has: {string.Join(", ", catalog.Select(line => line.Kind))}.");
        return kind.Create(new TargetContext(
            record.Name,
            store.Owner,
            folders.Target(record.Name),
            Path.Combine(runFolder, record.Name),
            record.Options,
            time,
            loggers.CreateLogger($"Tenantry.Targets.{record.Kind}"))
        {
            Ranges = new StoredRanges(store),
        });
    }

    private sealed class OpenTarget : IAsyncDisposable
    {
        private int users;
        private readonly CancellationTokenSource ending = new();
        private readonly Task listening = Task.CompletedTask;

        public OpenTarget(TargetRecord record, ITarget target, Action<string> noticed, ILogger log)
        {
            Record = record;
            Target = target;
            if (target is INotices notices)
                listening = ListenAsync(notices, noticed, log);
        }

        public TargetRecord Record { get; }

        public ITarget Target { get; }

        public bool IsInUse => Volatile.Read(ref users) > 0;

        public void Enter() => Interlocked.Increment(ref users);

        public void Leave() => Interlocked.Decrement(ref users);

        // How many work at once and whether drift is repaired is nothing that a target knows of.
        public bool IsMadeFrom(TargetRecord record) =>
            record.Version == Record.Version ||
            (record.Kind == Record.Kind && record.Options.Count == Record.Options.Count && !record.Options.Except(Record.Options).Any());

        public async ValueTask DisposeAsync()
        {
            await ending.CancelAsync();
            await listening;
            await Target.DisposeAsync();
            ending.Dispose();
        }

        private async Task ListenAsync(INotices notices, Action<string> noticed, ILogger log)
        {
            try
            {
                await foreach (var id in notices.WatchAsync(ending.Token))
                    noticed(id);
            }
            catch (OperationCanceledException) when (ending.IsCancellationRequested)
            {
                // The target is being closed.
            }
            catch (Exception failure)
            {
                log.LogError(failure, "Target {Target} stopped noticing by itself; instances are still looked at in turn", Record.Name);
            }
        }
    }
}

/// <summary>A target that is not closed as long as this is not disposed.</summary>
public sealed class TargetUse(ITarget target, TargetRecord record, Action leave) : IDisposable
{
    private Action? left = leave;

    public ITarget Target => target;

    public TargetRecord Record => record;

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref left, null)?.Invoke();
}
