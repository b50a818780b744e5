using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Client;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry logs SLUG [-f] [--tail N] [--since TIME]</c></summary>
internal static class LogsCommand
{
    public static Command Create(CliHost host)
    {
        var slug = CommandOptions.Slug();
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with new lines until interrupted." };
        var tail = CommandOptions.Number("--tail", "At most that many of the newest lines.");
        var since = new Option<string?>("--since") { Description = "Only lines from then on: a time such as 2026-11-28T10:00:00Z, or how long ago, such as 10m.", HelpName = "TIME" };
        var service = new Option<string?>("--service") { Description = "Only lines of this service.", HelpName = "NAME" };
        var times = new Option<bool>("--times") { Description = "Print each line's time." };
        return new Command("logs", "Show what an instance printed.") { slug, follow, tail, since, service, times }.Does(host, async call =>
        {
            var query = new LogQuery(call.Value(service), call.Value(tail) is { } lines ? (int)Math.Min(lines, int.MaxValue) : null, Since(call, call.Value(since)), call.Value(follow));
            try
            {
                await foreach (var line in call.Client.Instances.ReadLogsAsync(call.Required(slug), query, call.CancellationToken))
                    Write(call, line, call.Value(times));
                return (int)ExitCode.Done;
            }
            catch (OperationCanceledException) when (query.Follow && call.CancellationToken.IsCancellationRequested)
            {
                // Interrupting is how one stops following: no word about it, and no document among the lines.
                return (int)ExitCode.Interrupted;
            }
        });
    }

    private static DateTimeOffset? Since(Call call, string? text)
    {
        if (text is null)
            return null;
        if (Words.ParseDuration(text) is { } ago)
            return call.Host.Time.GetUtcNow() - ago;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out var time)
            ? time
            : throw new CliException(ExitCode.Usage, $"--since: '{text}' is neither a time such as 2026-11-28T10:00:00Z nor a duration such as 10m.");
    }

    private static void Write(Call call, LogLineResponse line, bool withTime)
    {
        if (call.Output.Json)
        {
            call.Output.StreamValue(line);
            return;
        }

        // What a tenant's program prints must not draw on an operator's terminal.
        var text = call.Output.IsTerminal ? Words.Printable(line.Text) : line.Text;
        var prefix = (withTime ? line.At.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture) + " " : "") + line.Service + " | ";
        if (call.Output.IsTerminal)
            call.Output.Console.Write(new Text(prefix, new Style(line.Stream == "stderr" ? Color.Red : Color.Grey)));
        else
            call.Output.Text.Write(prefix);
        call.Output.Text.WriteLine(text);
    }
}
