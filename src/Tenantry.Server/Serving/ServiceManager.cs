using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;

namespace Tenantry.Server.Serving;

/// <summary>What systemd is told, where it is what started this (a unit with <c>Type=notify</c>; elsewhere nothing is said).</summary>
internal static class ServiceManager
{
    /// <summary>
    /// This process serves, and it is the unit's main one from now on: a next gateway is started by the one before, whose end is not the service's then.
    /// </summary>
    public static void SayReady(ILogger log)
    {
        try
        {
            new SystemdNotifier().Notify(new ServiceState(string.Create(CultureInfo.InvariantCulture, $"READY=1\nMAINPID={Environment.ProcessId}")));
        }
        catch (SocketException failure)
        {
            log.LogWarning("The service manager was not told that this serves ({Reason}): it may start it again when its patience is over", failure.Message);
        }
    }
}
