using Tenantry.Cli.Running;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Applying;

/// <summary>Sends a manifest and what its build needs.</summary>
internal static class AppApply
{
    public static async Task<ApplyAppResponse> SendAsync(Call call, ManifestFile file)
    {
        await SendInputsAsync(call, file);
        return await call.Client.Apps.Apply(file.Request).SendAsync(call.CancellationToken);
    }

    /// <summary>The control plane looks at a release only when it has the inputs: these are sent also for a preview. Nothing refers to them until a release does.</summary>
    public static async Task<PlanResponse> PreviewAsync(Call call, ManifestFile file)
    {
        await SendInputsAsync(call, file);
        return await call.Client.Apps.Apply(file.Request).PreviewAsync(call.CancellationToken);
    }

    /// <summary>What it would do to an instance; it is not applied.</summary>
    public static async Task<PlanResponse> PlanAsync(Call call, string slug, ManifestFile file)
    {
        await SendInputsAsync(call, file);
        return await call.Client.Instances.PlanAsync(slug, file.Request, call.CancellationToken);
    }

    private static async Task SendInputsAsync(Call call, ManifestFile file)
    {
        if (file.Inputs is { } inputs && !await call.Client.Sources.HasAsync(inputs.Digest, call.CancellationToken))
            await call.Client.Sources.Put(inputs).SendAsync(call.CancellationToken);
    }
}
