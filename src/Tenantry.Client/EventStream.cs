using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Tenantry.Model.Wire;

namespace Tenantry.Client;

/// <summary>Reads server-sent events and newline-delimited JSON.</summary>
internal static class EventStream
{
    public static async IAsyncEnumerable<T> ReadAsync<T>(Transport transport, HttpResponseMessage response, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var events = SseParser.Create(body, (_, data) => data.Length == 0 ? default : Transport.Read<T>(data)).EnumerateAsync(cancellationToken);
        await foreach (var item in transport.ReadPiecesAsync(events, cancellationToken))
            if (item.Data is { } value)
                yield return value;
    }

    /// <summary>One value a line; a line that is a problem ends it as an exception.</summary>
    public static async IAsyncEnumerable<T> ReadLinesAsync<T>(Transport transport, HttpResponseMessage response, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var reader = new StreamReader(body, Encoding.UTF8);
        await foreach (var line in transport.ReadPiecesAsync(LinesAsync(reader, cancellationToken), cancellationToken))
        {
            if (line.Length == 0)
                continue;
            yield return Parse<T>(response, line);
        }
    }

    private static async IAsyncEnumerable<string> LinesAsync(StreamReader reader, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
            yield return line;
    }

    // Once a stream has begun its status is sent: a failure in the middle can only be a line of its own.
    private static T Parse<T>(HttpResponseMessage response, string line)
    {
        var bytes = Encoding.UTF8.GetBytes(line);
        try
        {
            return Transport.Read<T>(bytes);
        }
        catch (JsonException)
        {
            ProblemResponse problem;
            try
            {
                problem = Transport.Read<ProblemResponse>(bytes);
            }
            catch (JsonException)
            {
                problem = new() { Title = "Strange answer", Detail = "A line of the stream is not what was asked for." };
            }

            throw new TenantryException(problem.Status > 0 ? (System.Net.HttpStatusCode)problem.Status : response.StatusCode, problem);
        }
    }
}
