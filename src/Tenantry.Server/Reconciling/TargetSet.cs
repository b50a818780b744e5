using Microsoft.Extensions.Logging;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Reconciling;

/// <summary>
/// The configured targets as objects: one is made when it is first needed and made anew when its record changed. What they notice by
/// themselves goes to <paramref name="noticed"/>.
/// </summary>
public sealed class TargetSet(
    IStore store,
    IReadOnlyList<TargetKind> catalog,
    DataFolders folders,
    string runFolder,
    Action<string> noticed,
    TimeProvider time,
    ILoggerFactory loggers) : IAsyncDisposable
{
    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly Dictionary<string, OpenTarget> open = new(StringComparer.Ordinal);

    /// <summary>The target of that name and its record.</summary>
    /// <exception cref="TargetException">There is none, its kind is unknown, or its options make no sense: terminal.</exception>
    public async Task<(ITarget Target, TargetRecord Record)> GetAsync(string name, CancellationToken cancellationToken)
    {
        var record = await store.FindTargetAsync(name, cancellationToken)
            ?? throw new TargetException($"There is no target '{name}'.", retryable: false, fix: $"Add it with 'tenantry target add {name} --kind KIND'.");
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (open.TryGetValue(name, out var known))
            {
                if (known.Record.Version == record.Version)
                    return (known.Target, record);
                open.Remove(name);
                await known.DisposeAsync();
            }

            var target = Make(record);
            open.Add(name, new OpenTarget(record, target, noticed, loggers.CreateLogger<TargetSet>()));
            return (target, record);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var target in open.Values)
            await target.DisposeAsync();
        open.Clear();
        gate.Dispose();
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
            loggers.CreateLogger($"Tenantry.Targets.{record.Kind}")));
    }

    private sealed class OpenTarget : IAsyncDisposable
    {
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
