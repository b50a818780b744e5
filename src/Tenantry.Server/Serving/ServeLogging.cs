using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Tenantry.Server.Serving;

/// <summary>Log lines on standard error: JSON for programs, sentences for a person at a terminal. Standard output carries the addresses alone.</summary>
internal static class ServeLogging
{
    public static ILoggerFactory Create(LogLevel level, ServeLogFormat format) => LoggerFactory.Create(logging =>
    {
        logging.SetMinimumLevel(level);
        // Kestrel and hosting say at Information what our own lines say better.
        logging.AddFilter("Microsoft", level > LogLevel.Warning ? level : LogLevel.Warning);
        // It warns of HTTP/2 without TLS, which the gateway recognizes by itself.
        logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Error);
        if (format == ServeLogFormat.Text)
        {
            logging.Services.AddSingleton<ConsoleFormatter>(new PlainLines(TimeProvider.System));
            logging.AddConsole(console => console.FormatterName = PlainLines.FormatName);
        }
        else
        {
            logging.AddJsonConsole(console =>
            {
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
            });
        }

        logging.Services.Configure<ConsoleLoggerOptions>(console =>
        {
            console.LogToStandardErrorThreshold = LogLevel.Trace;
            // Whoever reads the log and pauses stops nothing that serves: what is too much is left out, and counted.
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
        });
    });
}
