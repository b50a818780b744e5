using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Engine;

namespace Tenantry.Targets.Docker.Running;

/// <summary>Reads what containers printed, from the engine's own logs.</summary>
internal sealed class ContainerLogs(IEngine engine)
{
    private const int Ahead = 1000;

    /// <summary>Lines of several containers: in order of time, and with follow as they come.</summary>
    internal async IAsyncEnumerable<LogLine> ReadAsync(
        IReadOnlyList<ContainerSeen> containers, LogRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!request.Follow)
        {
            var lines = new List<LogLine>();
            foreach (var container in containers)
                await OneAsync(container, request, line => Keep(lines, line), cancellationToken);
            var ordered = lines.OrderBy(line => line.At).ToList();
            foreach (var line in request.Tail is { } tail ? ordered.TakeLast(tail) : ordered)
                yield return line;
            yield break;
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var channel = Channel.CreateBounded<LogLine>(Ahead);
        var reading = FollowAllAsync(containers, request, channel.Writer, end.Token);
        try
        {
            await foreach (var line in channel.Reader.ReadAllAsync(cancellationToken))
                yield return line;
        }
        finally
        {
            await end.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// The last lines of a container, in one text for a person; empty when it printed nothing, and when the engine gives them no more: of a
    /// container that is being removed it says that it is dead, and what they would explain is told all the same.
    /// </summary>
    internal async Task<string> LastAsync(ContainerSeen container, int count, CancellationToken cancellationToken)
    {
        var lines = new List<LogLine>();
        try
        {
            await OneAsync(container, new LogRequest(Tail: count), line => Keep(lines, line), cancellationToken);
        }
        catch (EngineException error) when (error.Status is not null)
        {
            return "";
        }

        return string.Join(" | ", lines.OrderBy(line => line.At).TakeLast(count).Select(line => line.Text));
    }

    private async Task FollowAllAsync(IReadOnlyList<ContainerSeen> containers, LogRequest request, ChannelWriter<LogLine> writer, CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(containers.Select(container => OneAsync(container, request, line => writer.WriteAsync(line, cancellationToken), cancellationToken)));
            writer.Complete();
        }
        catch (Exception error)
        {
            writer.Complete(error);
        }
    }

    private async Task OneAsync(ContainerSeen container, LogRequest request, Func<LogLine, ValueTask> keep, CancellationToken cancellationToken)
    {
        var path = $"/containers/{container.Id}/logs?stdout=1&stderr=1&timestamps=1&tail={(request.Tail is { } tail ? tail.ToString(CultureInfo.InvariantCulture) : "all")}";
        if (request.Follow)
            path += "&follow=1";
        if (request.Since is { } since)
            path += $"&since={(since - DateTimeOffset.UnixEpoch).TotalSeconds.ToString("0.000000", CultureInfo.InvariantCulture)}";
        await using var stream = await engine.StreamAsync(path, null, cancellationToken);
        var output = new StampedLines(container.Service!, isError: false, keep);
        var errors = new StampedLines(container.Service!, isError: true, keep);
        await FrameReader.ReadAsync(stream, (isError, piece, _) => (isError ? errors : output).AddAsync(piece), cancellationToken);
    }

    private static ValueTask Keep(List<LogLine> lines, LogLine line)
    {
        lines.Add(line);
        return ValueTask.CompletedTask;
    }

    /// <summary>Cuts one stream into lines; each begins with its time.</summary>
    private sealed class StampedLines(string service, bool isError, Func<LogLine, ValueTask> keep)
    {
        private readonly MemoryStream _open = new();

        internal async ValueTask AddAsync(ReadOnlyMemory<byte> piece)
        {
            while (piece.Span.IndexOf((byte)'\n') is >= 0 and var end)
            {
                _open.Write(piece.Span[..end]);
                await HandAsync(Encoding.UTF8.GetString(_open.GetBuffer(), 0, (int)_open.Length));
                _open.SetLength(0);
                piece = piece[(end + 1)..];
            }

            _open.Write(piece.Span);
        }

        private ValueTask HandAsync(string line)
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            return space > 0 && DateTimeOffset.TryParse(line.AsSpan(0, space), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
                ? keep(new LogLine(at, service, isError, line[(space + 1)..].TrimEnd('\r')))
                : ValueTask.CompletedTask;
        }
    }
}
