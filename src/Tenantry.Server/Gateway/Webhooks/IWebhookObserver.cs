using System.Globalization;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Gateway.Webhooks;

/// <summary>Is told each boundary of a webhook's way, once everything before it is done.</summary>
public interface IWebhookObserver
{
    /// <summary>
    /// The body was read; the file is on disk under another name; it is in its place; the sender has its 202; it is about to be sent; the app has answered;
    /// it was removed, or marked as given up, or moved to the dead letters.
    /// </summary>
    void Boundary();
}

/// <summary>
/// For crash tests: with <c>TENANTRY_CRASH_AT_WEBHOOK=3</c> in its environment the gateway is killed, as by <c>kill -9</c>, at the third boundary that its
/// webhooks meet, those of all of them counted together.
/// </summary>
public sealed class CrashAtWebhook(int number) : IWebhookObserver
{
    public const string Variable = "TENANTRY_CRASH_AT_WEBHOOK";
    private int seen;

    /// <summary>What the environment asks for, or null. A value that cannot be read ends the program: a crash test must not pass by not crashing.</summary>
    public static CrashAtWebhook? FromEnvironment() => Read(Environment.GetEnvironmentVariable(Variable));

    internal static CrashAtWebhook? Read(string? value)
    {
        if (string.IsNullOrEmpty(value))
            return null;
        return int.TryParse(value, CultureInfo.InvariantCulture, out var number) && number > 0
            ? new CrashAtWebhook(number)
            : throw new FormatException($"{Variable} is '{value}'; expected is a number from 1.");
    }

    /// <inheritdoc/>
    public void Boundary()
    {
        if (Interlocked.Increment(ref seen) == number)
            ThisProcess.EndAtOnce();
    }
}
