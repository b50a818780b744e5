using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Docker.Networks;

namespace Tenantry.Targets.Docker.Steps;

/// <summary>A container that is kept aside.</summary>
/// <param name="Container">As it was before.</param>
/// <param name="WasUp">Whether it runs again when it is put back.</param>
internal sealed record FormerContainer(ContainerSeen Container, bool WasUp);

/// <summary>Puts containers back that were kept aside.</summary>
internal sealed class FormerContainers(DockerHost host, ServiceContainers containers, InstanceWorkload workload)
{
    /// <summary>
    /// Names those back that a replacement left that was cut off, and starts none. What has one aside has proved nothing yet: the one aside was the last that was right.
    /// </summary>
    /// <returns>True when there was one.</returns>
    internal async Task<bool> PutBackCutOffAsync(CancellationToken cancellationToken)
    {
        var seen = await host.Reader.ReadAsync(workload.Ref, cancellationToken);
        if (seen.Former.Count == 0)
            return false;
        var isBack = false;
        foreach (var former in seen.Former.Values)
        {
            // Its successors were healthy, or a person removed what it needs.
            if (former.State.IsRemains || !seen.HasNetworkOf(former))
            {
                await containers.RemoveAsync(former.Id, cancellationToken);
                continue;
            }

            await NameBackAsync(former, cancellationToken);
            isBack = true;
        }

        seen = await host.Reader.ReadAsync(workload.Ref, cancellationToken);
        foreach (var lost in seen.Services.Values.Where(container => !seen.HasNetworkOf(container)))
            await containers.RemoveAsync(lost.Id, cancellationToken);
        return isBack;
    }

    /// <summary>Puts them back, in their order, each healthy before the next, and removes those that were made in their place.</summary>
    /// <param name="aside">What was put aside, in order.</param>
    /// <param name="made">Names of containers that were made since.</param>
    /// <param name="progress">Told what is waited for.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Whether they are back, and what to tell a person.</returns>
    internal async Task<(bool IsBack, string Told)> PutBackAsync(IReadOnlyList<FormerContainer> aside, IEnumerable<string> made, Action<string> progress, CancellationToken cancellationToken)
    {
        var (what, were) = aside.Count == 1 ? ("The container before it", "was") : ("The containers before it", "were");
        var trouble = (string?)null;
        try
        {
            foreach (var name in made.Reverse())
                await containers.RemoveAsync(name, cancellationToken);
            foreach (var old in aside)
                await NameBackAsync(old.Container, cancellationToken);
            if (aside.FirstOrDefault(old => old.Container.PeerId is null) is { } first)
                await NetworkAsync(first.Container, cancellationToken);
            foreach (var old in aside.Where(old => old.WasUp))
            {
                await host.Engine.PostAsync($"/containers/{old.Container.Id}/start", null, cancellationToken);
                trouble ??= aside.Count > 1 ? await TroubleAsync(old.Container, progress, cancellationToken) : null;
            }

            return (true, trouble is null ? $"{what} {were} put back." : $"{what} {were} put back, and not all is well: {trouble}");
        }
        catch (Exception error) when (error is EngineException or TargetException)
        {
            return (false, $"{what} could not be put back: {error.Message.TrimEnd('.')}.");
        }
    }

    private async Task<string?> TroubleAsync(ContainerSeen old, Action<string> progress, CancellationToken cancellationToken)
    {
        try
        {
            await containers.WaitAsync(workload.Ref, old, progress, cancellationToken);
            return null;
        }
        catch (TargetException error)
        {
            return error.Message;
        }
    }

    private async Task NameBackAsync(ContainerSeen former, CancellationToken cancellationToken)
    {
        var name = DockerNames.Container(workload.Ref, former.Service!);
        if ((await host.Reader.FindAsync(name, cancellationToken))?.Id == former.Id)
            return;
        await containers.RemoveAsync(name, cancellationToken);
        await host.Engine.PostAsync($"/containers/{former.Id}/rename?name={name}", null, cancellationToken);
    }

    // A container knows its network by its id: of one that was made anew it knows nothing.
    private async Task NetworkAsync(ContainerSeen first, CancellationToken cancellationToken)
    {
        var now = (await host.Reader.ReadAsync(workload.Ref, cancellationToken)).Network;
        var egress = first.Labels.GetValueOrDefault(DockerLabels.Egress) ?? now?.GetValueOrDefault(DockerLabels.Egress) ?? "";
        if (now is null || now.GetValueOrDefault(DockerLabels.Egress) != egress)
        {
            await host.Networks.RemoveAsync(workload.Ref, cancellationToken);
            await host.Networks.EnsureAsync(workload with { Egress = InstanceNetworks.EgressOf(egress) }, cancellationToken);
        }

        await host.Networks.JoinAsync(workload.Ref, first, cancellationToken);
    }
}
