using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Reconciling;

/// <summary>
/// The one place where what an app or a build printed becomes a reason or an error: without the values of the instance's secrets, and not longer than a
/// person reads. What is kept of a long text is its first sentence and its end.
/// </summary>
internal sealed class AppText(IEnumerable<string>? secrets)
{
    private const int MostOfBeginning = 600;
    private const int MostOfEnd = 2048;
    private const string Gap = "… ";
    private readonly Lazy<SecretMask>? _mask = secrets is null ? null : new(() => new SecretMask(secrets));

    /// <summary>Leaves everything as it is, until it is known which secrets there are: what was cut before could not be found any more.</summary>
    public static AppText Plain { get; } = new(null);

    public string Of(string text)
    {
        if (_mask is null)
            return text;
        text = _mask.Value.Of(text);
        if (text.Length <= MostOfBeginning + MostOfEnd)
            return text;
        var line = text.IndexOf('\n', StringComparison.Ordinal);
        var beginning = line is >= 0 and < MostOfBeginning ? line + 1 : MostOfBeginning / 2;
        return text[..Whole(text, beginning)] + Gap + text[Whole(text, text.Length - MostOfEnd)..];
    }

    public InstanceObservation Of(InstanceObservation seen) => seen.Trouble is null ? seen : seen with { Trouble = Of(seen.Trouble) };

    public StepEvent Of(StepEvent step) => step.Message.Length == 0 ? step : step with { Message = Of(step.Message) };

    /// <summary>The same failure; what caused it is left out where it would tell what the message no longer does.</summary>
    public TargetException Of(TargetException failure)
    {
        var (message, fix) = (Of(failure.Message), failure.Fix is null ? null : Of(failure.Fix));
        return message == failure.Message && fix == failure.Fix
            ? failure
            : new TargetException(message, failure.Retryable, failure.Resource, fix, fault: failure.Fault);
    }

    // Half of a character is none.
    private static int Whole(string text, int at) => char.IsLowSurrogate(text[at]) ? at + 1 : at;
}
