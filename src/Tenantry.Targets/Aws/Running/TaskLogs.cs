using System.Runtime.CompilerServices;
using System.Text.Json;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws.Api;

namespace Tenantry.Targets.Aws.Running;

/// <summary>What an instance's tasks printed, from its log group. CloudWatch keeps one stream for what a program prints and for its errors.</summary>
internal sealed class TaskLogs(IAws aws, string group)
{
    private const string Prefix = "task/";

    /// <summary>The last lines of a container of one task, oldest first.</summary>
    internal async Task<IReadOnlyList<string>> LastAsync(string container, string task, int count, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await aws.JsonAsync(AwsService.Logs, "GetLogEvents", new { logGroupName = group, logStreamName = $"{Prefix}{container}/{task}", limit = count, startFromHead = false }, cancellationToken);
            return [.. answer.GetProperty("events").EnumerateArray().Select(one => one.GetProperty("message").GetString()!.TrimEnd())];
        }
        catch (AwsException error) when (error.Code == "ResourceNotFoundException")
        {
            return [];
        }
    }

    /// <summary>Lines in order of time.</summary>
    internal async IAsyncEnumerable<LogLine> ReadAsync(LogRequest request, TimeProvider time, TimeSpan pause, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var since = request.Since ?? (request.Tail is null ? DateTimeOffset.UnixEpoch : time.GetUtcNow() - TimeSpan.FromDays(1));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var lines = await PageAsync(request, since, seen, cancellationToken);
        foreach (var line in request.Tail is { } tail ? lines.TakeLast(tail) : lines)
            yield return line;
        while (request.Follow)
        {
            if (lines.Count > 0)
                since = lines[^1].At;
            await Task.Delay(pause, time, cancellationToken);
            lines = await PageAsync(request, since, seen, cancellationToken);
            foreach (var line in lines)
                yield return line;
        }
    }

    private async Task<List<LogLine>> PageAsync(LogRequest request, DateTimeOffset since, HashSet<string> seen, CancellationToken cancellationToken)
    {
        var lines = new List<LogLine>();
        string? next = null;
        do
        {
            var body = new Dictionary<string, object>(StringComparer.Ordinal) { ["logGroupName"] = group, ["startTime"] = since.ToUnixTimeMilliseconds() };
            if (request.Service is { } service)
                body["logStreamNamePrefix"] = $"{Prefix}{service}/";
            if (next is not null)
                body["nextToken"] = next;
            var answer = await aws.JsonAsync(AwsService.Logs, "FilterLogEvents", body, cancellationToken);
            foreach (var one in answer.GetProperty("events").EnumerateArray())
            {
                if (!seen.Add(one.GetProperty("eventId").ToString()))
                    continue;
                var stream = one.GetProperty("logStreamName").GetString()!.Split('/');
                lines.Add(new LogLine(DateTimeOffset.FromUnixTimeMilliseconds(one.GetProperty("timestamp").GetInt64()), stream.Length > 1 ? stream[1] : "", IsError: false, one.GetProperty("message").GetString()!.TrimEnd('\n')));
            }

            next = answer.TryGetProperty("nextToken", out var token) && token.ValueKind == JsonValueKind.String ? token.GetString() : null;
        }
        while (next is not null);
        lines.Sort((one, other) => one.At.CompareTo(other.At));
        return lines;
    }
}
