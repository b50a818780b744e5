using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Tenantry.Server.Gateway;

namespace Tenantry.Server.Serving;

/// <summary>
/// The web side of an engine that was killed holds its ports for a moment, until it has seen that its engine is gone. The web side of the
/// next engine waits for that; anybody else is told at once.
/// </summary>
internal static class PortInUse
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private const int Tries = 150;

    /// <exception cref="ServeRefusedException">Somebody else has the port.</exception>
    public static async Task<T> WaitAsync<T>(Func<Task<T>> listen, bool isPatient, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await listen();
            }
            catch (IOException failure) when (failure.InnerException is AddressInUseException)
            {
                if (!isPatient || tries == Tries)
                    throw new ServeRefusedException($"{failure.Message.TrimEnd('.')}. Stop what listens there, or choose another address; port 0 picks a free one.");
            }
            catch (SocketException failure)
            {
                throw new ServeRefusedException($"Cannot listen: {failure.Message}");
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    /// <summary>Starts what listens there; what did not start is let go of.</summary>
    public static async Task<WebApplication> ListenAsync(IPEndPoint? address, Func<WebApplication> build, CancellationToken cancellationToken)
    {
        // Kestrel tells of a port in use with pages of its own.
        using (address is { Port: > 0 } ? GatewayDoors.Open(address, null) : null)
        {
        }

        var app = build();
        try
        {
            await app.StartAsync(cancellationToken);
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }
}
