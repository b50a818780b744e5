using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.Channels;
using Tenantry.Server.Events;

namespace Tenantry.Dashboard.Pages;

/// <summary>What an instance prints, in batches. A browser that lost its connection goes on after the last line that it has.</summary>
internal static class LogLines
{
    private const int FirstLines = 500;
    private const int MostInOne = 500;

    public static IResult Stream(string slug, string? service, string? after, TenantryClient client, TimeProvider time) =>
        new EventStream(cancellationToken => ReadAsync(slug, service, after, client, cancellationToken), time);

    private static async IAsyncEnumerable<StreamEvent> ReadAsync(string slug, string? service, string? after, TenantryClient client, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // The id of an event is the time of its last line.
        var since = long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) ? new DateTimeOffset(ticks, TimeSpan.Zero) : (DateTimeOffset?)null;
        var query = new LogQuery(service, since is null ? FirstLines : null, since?.AddTicks(1), Follow: true);
        var lines = Channel.CreateBounded<LogLineResponse>(MostInOne);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = CopyAsync(client.Instances.ReadLogsAsync(slug, query, ending.Token), lines.Writer);
        try
        {
            while (await lines.Reader.WaitToReadAsync(cancellationToken))
            {
                var batch = new List<object[]>();
                var last = 0L;
                while (batch.Count < MostInOne && lines.Reader.TryRead(out var line))
                {
                    batch.Add([line.At.UtcDateTime.ToString("O", CultureInfo.InvariantCulture), line.Service, line.Stream == "stderr", line.Text]);
                    last = line.At.UtcTicks;
                }

                yield return new StreamEvent(last, "lines", JsonSerializer.Serialize(batch));
            }
        }
        finally
        {
            await ending.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task CopyAsync(IAsyncEnumerable<LogLineResponse> from, ChannelWriter<LogLineResponse> to)
    {
        try
        {
            await foreach (var line in from)
                await to.WriteAsync(line);
            to.Complete();
        }
        catch (Exception failure) when (failure is TenantryException or TenantryUnavailableException or OperationCanceledException)
        {
            // The stream ends, and the browser asks again.
            to.Complete();
        }
    }
}
