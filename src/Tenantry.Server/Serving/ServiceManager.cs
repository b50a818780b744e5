using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;

namespace Tenantry.Server.Serving;

/// <summary>What systemd is told, where it is what started this (a unit with <c>Type=notify</c>; elsewhere nothing is said).</summary>
internal static class ServiceManager
{
    private const int Tries = 5;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// This process serves, and it is the unit's main one from now on: a next gateway is started by the one before, whose end is not the service's then.
    /// </summary>
    public static async Task SayReadyAsync(ILogger log, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                new SystemdNotifier().Notify(new ServiceState(string.Create(CultureInfo.InvariantCulture, $"READY=1\nMAINPID={Environment.ProcessId}")));
                return;
            }
            catch (SocketException failure)
            {
                // Such as no file that may be opened any more, for as long as a flood of clients lasts.
                if (tries == Tries)
                {
                    log.LogError("The service manager was not told that this serves ({Reason}): it may start it again when its patience is over, or when the gateway before ends", failure.Message);
                    return;
                }
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }
}
