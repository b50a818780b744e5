using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Local.Logs;

/// <summary>What services print: raw files that they write to whether a control plane is there or not, and logs made from them.</summary>
internal sealed class ServiceLogs(LocalTargetOptions options, TimeProvider time, ILogger logger) : IDisposable
{
    private const int TailBytes = 32 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<string, LogPump> _pumps = new(StringComparer.Ordinal);
    private readonly Lazy<FileWatch> _watch = new(() => new FileWatch());

    /// <summary>Begins to bring a service's output into its log, if nobody does.</summary>
    internal void Attach(ServicePaths service) => PumpOf(service).Watch();

    /// <summary>Brings in what a service printed before it ended.</summary>
    internal void Flush(ServicePaths service) => PumpOf(service).Pump(ended: true);

    /// <summary>Stops, for good.</summary>
    internal void Detach(ServicePaths service)
    {
        if (_pumps.TryRemove(service.ContainerId, out var pump))
            pump.Dispose();
    }

    /// <summary>The last lines that a service printed; empty when there are none.</summary>
    internal string LastLines(ServicePaths service, int count)
    {
        var pump = PumpOf(service);
        pump.Pump(ended: true);
        if (!File.Exists(pump.Files.Current))
            return "";
        var lines = LogFiles.Tail(pump.Files.Current, TailBytes).Split('\n').Select(LogEntry.Parse).OfType<LogEntry>();
        return string.Join('\n', lines.Select(entry => entry.Text).Where(text => text.Length > 0).TakeLast(count));
    }

    internal async IAsyncEnumerable<LogLine> ReadAsync(InstancePaths paths, LogRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var file = InstanceFile.Read(paths) ?? throw new TargetException("There is no such instance here.", retryable: true);
        var names = file.Services.Select(service => service.Name).Where(name => request.Service is null || name == request.Service).ToList();
        if (request.Service is not null && names.Count == 0)
            throw new TargetException($"It has no service {request.Service}; it has {string.Join(", ", file.Services.Select(service => service.Name))}.", retryable: false, LocalResources.Instance(file.Ref));
        var readers = names.Select(name => new LogReader(name, PumpOf(paths.Service(name)))).ToList();
        try
        {
            foreach (var line in LogReader.History(readers, request))
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return line;
            }

            while (request.Follow)
            {
                var changes = readers.Select(reader => reader.Changed).ToList();
                foreach (var line in readers.SelectMany(reader => reader.New()).OrderBy(line => line.At).ToList())
                    yield return line;

                // Where another control plane still reads, nobody tells.
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                await Task.WhenAny([.. changes, Task.Delay(Patience, time, patience.Token)]);
                await patience.CancelAsync();
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            readers.ForEach(reader => reader.Dispose());
        }
    }

    public void Dispose()
    {
        foreach (var pump in _pumps.Values)
            pump.Dispose();
        if (_watch.IsValueCreated)
            _watch.Value.Dispose();
    }

    private LogPump PumpOf(ServicePaths service) => _pumps.GetOrAdd(
        service.ContainerId,
        _ => new LogPump(
            service,
            new LogFiles(service.Log, options.LogBytes, options.LogFiles),
            _watch.Value,
            time,
            error => logger.LogWarning(error, "The output of {Service} cannot be read", service.ContainerId)));
}
