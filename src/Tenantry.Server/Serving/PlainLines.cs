using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Tenantry.Server.Serving;

/// <summary>Log lines for a person at a terminal: time (UTC), a word unless it is ordinary, the sentence, and an exception below it.</summary>
internal sealed class PlainLines(TimeProvider time) : ConsoleFormatter(FormatName)
{
    public const string FormatName = "plain";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var word = logEntry.LogLevel switch
        {
            LogLevel.Critical or LogLevel.Error => "error: ",
            LogLevel.Warning => "warning: ",
            LogLevel.Information => "",
            _ => "debug: ",
        };
        textWriter.WriteLine($"{time.GetUtcNow():HH:mm:ss} {word}{logEntry.Formatter(logEntry.State, logEntry.Exception)}");
        if (logEntry.Exception is { } failure)
            textWriter.WriteLine(logEntry.LogLevel == LogLevel.Critical ? failure.ToString() : $"    {failure.GetType().Name}: {failure.Message}");
    }
}
