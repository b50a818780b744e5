using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Server.Gateway;
using Tenantry.Server.Secrets;
using Tenantry.Server.Store;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Serving;

/// <summary>Runs the roles of a control plane until it is told to stop.</summary>
public static class Serve
{
    private const int Done = 0;
    private const int Failed = 1;
    private const int WrongInput = 2;
    private const int Unavailable = 7;

    /// <summary>
    /// Prints one JSON line with the chosen addresses to <paramref name="output"/> once it listens. SIGTERM and SIGINT drain and end it with 0;
    /// instances go on running. Returns the exit code.
    /// </summary>
    public static async Task<int> RunAsync(ServeOptions options, TextWriter output, CancellationToken cancellationToken)
    {
        using var loggers = ServeLogging.Create(options.LogLevel, options.LogFormat);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var terminate = OnSignal(PosixSignal.SIGTERM, stop);
        using var interrupt = OnSignal(PosixSignal.SIGINT, stop);
        var log = loggers.CreateLogger("Tenantry.Serve");
        try
        {
            await RunAsync(options, new ServeOutput(output, options.IsWebChild ? NullLogger.Instance : log), loggers, stop.Token);
            return Done;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return Done;
        }
        catch (Exception refusal) when (refusal is ServeRefusedException or StoreAddressException)
        {
            log.LogCritical("{Reason}", refusal.Message);
            return WrongInput;
        }
        catch (Exception failure) when (failure is StoreRefusedException or EngineKeyException)
        {
            log.LogCritical("{Reason}", failure.Message);
            return Failed;
        }
        catch (StoreUnavailableException failure)
        {
            log.LogCritical("{Reason}", $"The store does not answer ({failure.Reason}). Nothing was started. Check the address in --store or TENANTRY_STORE and that the database is up, and start again.");
            return Unavailable;
        }
        catch (Exception failure)
        {
            log.LogCritical(failure, "serve ended");
            return Failed;
        }
    }

    private static Task RunAsync(ServeOptions options, ServeOutput output, ILoggerFactory loggers, CancellationToken stop)
    {
        var isSplit = !options.IsWebChild && Environment.IsPrivilegedProcess && options.Roles.HasFlag(ServeRoles.Engine) && (options.Roles & ~ServeRoles.Engine) != ServeRoles.None;
        if (!isSplit && options.Roles.HasFlag(ServeRoles.Gateway))
            PollingThread.MakeEnough();
        if (options.Roles.HasFlag(ServeRoles.Engine))
            ThisProcess.NameItsModes();
        if (options.IsWebChild)
            return WebChild.RunAsync(options, output, loggers, stop);
        if (options.TakesOver && options.Roles != ServeRoles.Gateway)
            throw new ServeRefusedException("--take-over is for a process that plays the gateway alone. Run the gateway as a service of its own (--role gateway) beside the others (--role engine,api), and start the next gateway with --role gateway --take-over.");
        // Nothing that faces the world stays root.
        if (Environment.IsPrivilegedProcess && !options.Roles.HasFlag(ServeRoles.Engine))
            OrdinaryUser.Become(options);
        return isSplit ? SplitServe.RunAsync(options, output, loggers, stop) : WholeServe.RunAsync(options, output, loggers, stop);
    }

    private static PosixSignalRegistration OnSignal(PosixSignal signal, CancellationTokenSource stop) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        try
        {
            stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It had stopped already.
        }
    });
}

/// <summary>It cannot be served like this; the message says what to change.</summary>
public sealed class ServeRefusedException(string message) : Exception(message);
