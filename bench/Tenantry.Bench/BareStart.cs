using System.Diagnostics;
using System.Globalization;

namespace Tenantry.Bench;

/// <summary>The floor: the same server as a plain child process, without any sandbox.</summary>
internal static class BareStart
{
    public static async Task<TimeSpan> UntilAnswerAsync(string site, int port, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        using var process = Process.Start("/bin/busybox", ["httpd", "-f", "-p", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"), "-h", site]);
        try
        {
            await Answer.UntilOkAsync(port, "localhost", cancellationToken);
            return Stopwatch.GetElapsedTime(started);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }
}
