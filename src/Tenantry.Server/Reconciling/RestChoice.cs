using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Server.Store;

namespace Tenantry.Server.Reconciling;

/// <summary>What one pass decides about the rest of an instance beside its spec, and the gate that it closes for it.</summary>
internal sealed class RestChoice : IAsyncDisposable
{
    /// <summary>How long a decision to put to rest what runs holds; while it stays right, it is made anew long before that, also on a machine that has no time.</summary>
    public static readonly TimeSpan Lasts = TimeSpan.FromSeconds(10);

    private readonly ReconcilerParts _parts;
    private RestWrite? _write;
    private IRestPermit? _permit;
    private IAsyncDisposable? _drained;
    private (ResourceName Resource, StepAction Action)? _servedAfter;
    private bool _isBegun;

    public RestChoice(ReconcilerParts parts, InstanceRecord record, WakeAsk? ask)
    {
        (_parts, Record) = (parts, record);
        Ask = ask is not null && WakeAsk.Wakes(record) ? ask : null;
        if (Ask is not null)
            Run("woken by a request");
    }

    /// <summary>The request that wants it awake, or null.</summary>
    public WakeAsk? Ask { get; }

    /// <summary>The instance with what was decided.</summary>
    public InstanceRecord Record { get; private set; }

    /// <summary>True when something was decided that is to be written with the outcome.</summary>
    public bool IsToWrite => _write is not null;

    /// <summary>A request that came after the decision ends it, and so does time: what the instance did since is not known. What a person asked for is done in any case.</summary>
    /// <param name="seen">What it does now. What is frozen did nothing since.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<bool> MayRestAsync(ObservedState seen, CancellationToken cancellationToken)
    {
        _isBegun = true;
        if (!MayRestBesideCommands(seen))
            return false;
        if (_permit is not null || _parts.Gate is not { } gate)
            return true;
        var decided = seen == ObservedState.Running ? Record.Rest : null;
        // Nor is it known where the clock was put back since.
        if (_parts.Time.GetUtcNow() - decided?.At is { } age && (age > Lasts || age < TimeSpan.Zero))
        {
            Run("it was found idle too long ago");
            return false;
        }

        _permit = await gate.CloseAsync(Record.Spec.Id, force: Record.Rest is null, decided?.IdleSince, cancellationToken);
        // One may have begun while the gateways were asked.
        if (_permit is not null)
            return MayRestBesideCommands(seen);
        Run("requests are served");
        return false;
    }

    private bool MayRestBesideCommands(ObservedState seen)
    {
        if (Record.Rest is not { } decided || _parts.Commands?.Of(Record.Spec.Id) is not { } commands)
            return true;
        const string why = "a command runs in it";
        if (seen == ObservedState.Running && (commands.Running > 0 || commands.LastAt > decided.IdleSince))
        {
            Run(why);
            return false;
        }

        // Frozen in the middle of one it stays so; it is for the sleeper to have it go on, as the quota allows.
        if (seen == ObservedState.Frozen && commands.Running > 0)
        {
            Decide(new InstanceRest(DesiredState.Frozen, why, _parts.Time.GetUtcNow(), decided.IdleSince));
            return false;
        }

        return true;
    }

    /// <summary>It is stopped whoever is served: those under way end first, within reason, and who comes then asks the engine.</summary>
    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        if (_permit is null && _parts.Gate is { } gate)
            _permit = await gate.CloseAsync(Record.Spec.Id, force: true, idleSince: null, cancellationToken);
    }

    /// <summary>True when the request was told.</summary>
    public bool IsTold { get; private set; }

    /// <summary>Requests that wait go on before anything is written.</summary>
    public void TellWoken(InstanceObservation seen, WakeWatch? wake)
    {
        if (Ask is null || seen is not { State: ObservedState.Running, Endpoint: { } endpoint, Health: InstanceHealth.Healthy })
            return;
        Ask.Woken(endpoint, wake!.Record());
        IsTold = true;
    }

    /// <summary>How often in a row this failed, now included.</summary>
    public int CountFailure()
    {
        if (Ask is null)
            return Record.Status.Failures + 1;
        var tries = Math.Max(Record.Status.Failures, _parts.FailedWakes.Of(Record.Spec)) + 1;
        _parts.FailedWakes.Set(Record.Spec, tries);
        return tries;
    }

    /// <summary>
    /// What to write with the outcome. A wake that did not succeed decided nothing: it rests on, as far as anybody knows. A rest that was carried out is so, whatever
    /// became of the decision meanwhile.
    /// </summary>
    public RestWrite? ToWrite(InstanceStatus status) => (Ask, status.Phase) switch
    {
        (not null, not InstancePhase.Running) => null,
        (null, InstancePhase.Frozen or InstancePhase.Asleep) when _write is null && _isBegun && Record.Rest is not null => new RestWrite(Record.Rest),
        _ => _write,
    };

    /// <summary>Requests wait while a step stops what serves them; who is served ends first.</summary>
    public async Task FollowAsync(StepEvent step, CancellationToken cancellationToken)
    {
        if (step.Interrupts && _drained is null && _permit is null && _parts.Gate is { } gate)
        {
            _drained = await gate.DrainAsync(Record.Spec.Id, cancellationToken);
            _servedAfter = step.ServedAfter is { } last ? (last.Resource, last.Action) : (step.Resource, step.Action);
        }
        else if (step.State == StepState.Done && (step.Resource, step.Action) == _servedAfter)
        {
            await EndDrainAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await EndDrainAsync();
        if (_permit is not null)
            await _permit.DisposeAsync();
    }

    private async Task EndDrainAsync()
    {
        if (_drained is { } drained)
        {
            _drained = null;
            await drained.DisposeAsync();
        }
    }

    private void Run(string why)
    {
        var now = _parts.Time.GetUtcNow();
        Decide(Record.Spec.Desired == DesiredState.Running ? null : new InstanceRest(DesiredState.Running, why, now, now));
    }

    private void Decide(InstanceRest? rest)
    {
        Record = Record with { Rest = rest };
        _write = new RestWrite(rest);
        _isBegun = false;
    }
}
