using System.Globalization;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Tenantry.Server.Gateway;

/// <summary>
/// What waits for a socket is handed from the thread that polls sockets to the pool. For a socket that is prompt it runs on the polling thread itself,
/// which saves that hand-over, and is to be short and never to block: it holds up every other socket of the thread. So what may take long leaves the
/// thread first, and its sockets are not prompt until it has ended.
/// </summary>
internal static class PollingThread
{
    private const string Count = "DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT";
    private static bool isMissing;

    /// <summary>This is one.</summary>
    public static bool IsHere => !Thread.CurrentThread.IsThreadPoolThread;

    /// <summary>As many of them as cores, as the runtime has them where all sockets are prompt. To be called before the process has its first socket.</summary>
    public static void MakeEnough()
    {
        if (Environment.GetEnvironmentVariable(Count) is null)
            Environment.SetEnvironmentVariable(Count, Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Goes on on the pool when this is one.</summary>
    public static ValueTask LeaveAsync() => IsHere ? YieldAsync() : default;

    /// <summary>Says whether a socket is prompt. A runtime that does not offer it leaves everything to the pool.</summary>
    public static void SetPrompt(Socket socket, bool isPrompt)
    {
        if (isMissing)
            return;
        try
        {
            SetPreferInlineCompletions(socket, isPrompt);
        }
        catch (MissingMethodException)
        {
            isMissing = true;
        }
    }

    private static async ValueTask YieldAsync() => await Task.Yield();

    // An experimental API of the runtime, for one socket what DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS is for all of a process.
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_PreferInlineCompletions")]
    private static extern void SetPreferInlineCompletions(Socket socket, bool value);
}
