using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Local.Logs;

/// <summary>Reads one service's log from its begin and goes on where it stopped, also when the log is rotated meanwhile.</summary>
internal sealed class LogReader(string service, LogPump pump) : IDisposable
{
    private LineFile? _current;
    private int _generation;

    internal Task Changed => pump.Changed;

    /// <summary>What is there now, of all services in order of time, as asked for.</summary>
    internal static IEnumerable<LogLine> History(IReadOnlyList<LogReader> readers, LogRequest request)
    {
        var lines = readers.Select(reader => reader.Past(request)).ToList();
        if (request.Tail is { } tail)
            return lines.SelectMany(lines => lines.TakeLast(tail)).OrderBy(line => line.At).TakeLast(tail);
        return lines.Count == 1 ? lines[0] : Merge(lines);
    }

    /// <summary>What came since the last call.</summary>
    internal List<LogLine> New()
    {
        var lines = new List<LogLine>();
        while (true)
        {
            while (_current?.Next() is { } text)
            {
                if (LogEntry.Parse(text) is { } entry)
                    lines.Add(Line(entry));
            }

            if (_current is not null && _generation == pump.Files.Generation)
                return lines;
            _current?.Dispose();
            _generation = pump.Files.Generation;
            _current = File.Exists(pump.Files.Current) ? new LineFile(pump.Files.Current) : null;
            if (_current is null)
                return lines;
        }
    }

    public void Dispose() => _current?.Dispose();

    private IEnumerable<LogLine> Past(LogRequest request)
    {
        pump.Pump();
        _generation = pump.Files.Generation;
        var files = pump.Files.All;
        foreach (var older in files.Where(file => file != pump.Files.Current))
        {
            using var reader = new LineFile(older);
            while (reader.Next() is { } text)
            {
                if (Wanted(text, request) is { } line)
                    yield return line;
            }
        }

        if (!files.Contains(pump.Files.Current))
            yield break;
        _current = new LineFile(pump.Files.Current);
        while (_current.Next() is { } text)
        {
            if (Wanted(text, request) is { } line)
                yield return line;
        }
    }

    private LogLine? Wanted(string text, LogRequest request) =>
        LogEntry.Parse(text) is { } entry && (request.Since is null || entry.At >= request.Since) ? Line(entry) : null;

    private LogLine Line(LogEntry entry) => new(entry.At, service, entry.IsError, entry.Text);

    private static IEnumerable<LogLine> Merge(List<IEnumerable<LogLine>> sources)
    {
        var open = new List<IEnumerator<LogLine>>();
        try
        {
            foreach (var source in sources.Select(source => source.GetEnumerator()))
            {
                if (source.MoveNext())
                    open.Add(source);
                else
                    source.Dispose();
            }

            while (open.Count > 0)
            {
                var first = open.MinBy(source => source.Current.At)!;
                yield return first.Current;
                if (first.MoveNext())
                    continue;
                open.Remove(first);
                first.Dispose();
            }
        }
        finally
        {
            open.ForEach(source => source.Dispose());
        }
    }
}
