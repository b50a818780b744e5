using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Local.Logs;

/// <summary>Brings a service's raw outputs into its log, with times, as they grow.</summary>
internal sealed class LogPump : IDisposable
{
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(20);

    private readonly ServicePaths _service;
    private readonly FileWatch _watch;
    private readonly TimeProvider _time;
    private readonly Action<Exception> _failed;
    private readonly Lock _gate = new();
    private readonly RawOutput _output;
    private readonly RawOutput _error;
    private readonly List<int> _watches = [];
    private TaskCompletionSource _changed = NewSignal();
    private FileLock? _held;
    private int _due;
    private bool _ended;
    private bool _isSure;

    internal LogPump(ServicePaths service, LogFiles files, FileWatch watch, TimeProvider time, Action<Exception> failed)
    {
        _service = service;
        _watch = watch;
        _time = time;
        _failed = failed;
        Files = files;
        _output = new RawOutput(service.Output, isError: false);
        _error = new RawOutput(service.Error, isError: true);
    }

    internal LogFiles Files { get; }

    /// <summary>Ends with the next change of the log.</summary>
    internal Task Changed => Volatile.Read(ref _changed).Task;

    /// <summary>Begins to watch the raw outputs, once they exist.</summary>
    internal void Watch()
    {
        lock (_gate)
        {
            if (_watches.Count == 0 && !_ended && File.Exists(_service.Output) && File.Exists(_service.Error))
            {
                _watches.Add(_watch.Add(_service.Output, Schedule));
                _watches.Add(_watch.Add(_service.Error, Schedule));
            }
        }

        Schedule();
    }

    /// <summary>Reads what there is now. <paramref name="ended"/>: also a last line without an end.</summary>
    internal void Pump(bool ended = false)
    {
        lock (_gate)
        {
            if (_ended || !IsMine())
                return;
            var entries = new List<LogEntry>();
            var (output, error) = (_output.Offset, _error.Offset);
            // When this breaks off, at a full disk for one, the log itself says what of it was kept.
            _isSure = false;
            _output.ReadInto(entries, ended);
            _error.ReadInto(entries, ended);
            if (entries.Count > 0)
                Files.Append([.. entries.OrderBy(entry => entry.At)], output, error);
            _isSure = true;
            _output.GiveBack();
            _error.GiveBack();
            if (entries.Count == 0)
                return;
        }

        Interlocked.Exchange(ref _changed, NewSignal()).TrySetResult();
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _ended = true;
            _held?.Dispose();
            foreach (var watch in _watches)
                _watch.Remove(watch);
            _watches.Clear();
        }

        Volatile.Read(ref _changed).TrySetResult();
    }

    // Two control planes may be there at once for a moment, one going and one coming: one of them reads.
    private bool IsMine()
    {
        if (_held is null && Directory.Exists(_service.Instance.Logs))
            _held = FileLock.TryTake(_service.LogLock);
        if (_held is null)
            return false;
        if (!_isSure)
            (_output.Offset, _error.Offset) = Files.Recover();
        _isSure = true;
        return true;
    }

    // Many writes in a row are read together.
    private void Schedule()
    {
        if (Interlocked.Exchange(ref _due, 1) == 0)
            _ = PumpSoonAsync();
    }

    private async Task PumpSoonAsync()
    {
        await Task.Delay(Gathering, _time).ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        Volatile.Write(ref _due, 0);
        try
        {
            Pump();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _failed(error);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
