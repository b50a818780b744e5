using Tenantry.Cli.Applying;
using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;
using Tenantry.Cli.Writing;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Onboarding;

/// <summary>One customer, where a person may watch.</summary>
internal static class SingleOnboarding
{
    public static async Task<int> RunAsync(Call call, Customer customer, OnboardMood mood, TimeSpan timeout)
    {
        var tenants = await call.Client.Tenants.ListAsync(call.CancellationToken).ToListAsync(call.CancellationToken);
        var target = await new OnboardQuestions(call, new TenantNames(tenants), mood).ResolveAsync(customer);
        call.Output.Line($"Tenant {target.Tenant.Name}, owned by {target.Email}.");
        if (mood.IsDryRun)
        {
            await PreviewAsync(call, target, mood.Brought);
            return (int)ExitCode.Done;
        }

        if (mood.Brought is { } brought)
            await OnboardRelease.ApplyAsync(call, brought);
        await SharedValues.SetManagementKeysAsync(call, [target]);
        OperationResponse? last = null;
        var onboarder = new Onboarder(
            call,
            async operation => call.Ended(last = await call.WaitAsync(operation, timeout)),
            instance => MayRedeploy(call, instance, mood));
        var (instance, outcome) = await onboarder.RunAsync(target);
        var unreached = instance.Url is { } url && instance.Desired == Model.Instances.DesiredState.Running ? await Doorbell.RingAsync(new Uri(url), call.CancellationToken) : null;
        if (call.Output.Json)
            await WriteJsonAsync(call, target, instance, outcome, last);
        else
            await WriteTextAsync(call, target, instance, outcome);
        if (unreached is not null)
            call.Output.Note($"note: {instance.Url} cannot be reached from here ({unreached}); the control plane says that it is {instance.Health}.");
        return (int)ExitCode.Done;
    }

    private static bool MayRedeploy(Call call, InstanceDetailResponse instance, OnboardMood mood)
    {
        call.Output.Line($"{instance.Slug} is there already: {instance.Phase}, release {instance.Release}.");
        if (mood.IsAnswered)
            return true;
        if (call.Output.CanAsk)
            return Prompt.Ask(call.Host, "Redeploy it with the newest release?");
        call.Output.Line("Say --yes to redeploy it with the newest release.");
        return false;
    }

    private static async Task PreviewAsync(Call call, OnboardTarget target, ManifestFile? brought)
    {
        if (brought is not null && await OnboardRelease.PreviewAsync(call, brought) is { Changes.Count: > 0 } release)
            PlanText.Write(call.Output, release with { Changes = [.. release.Changes, .. OnboardRelease.ChangesOf(target)] });
        else if (target.Present is { } present)
            PlanText.Write(call.Output, await call.Client.Instances.Update(present.Slug, Onboarder.SaidDifferently(target) with { Release = "latest" }).PreviewAsync(call.CancellationToken));
        else
            PlanText.Write(call.Output, await call.Client.Instances.Create(target.Request).PreviewAsync(call.CancellationToken));
    }

    private static async Task WriteTextAsync(Call call, OnboardTarget target, InstanceDetailResponse instance, string outcome)
    {
        var facts = new FactList();
        facts.Add("customer", $"{target.Tenant.DisplayName} <{target.Email}>", outcome == "unchanged" ? "(nothing was changed)" : "");
        facts.Add("tenant", target.Tenant.Name);
        facts.Add("instance", $"{instance.Slug}, {instance.App} in tier {instance.Tier} on {instance.Target}");
        await foreach (var key in call.Client.Llm.ListAsync(instance.Slug, call.CancellationToken))
            facts.Add("LLM key", key.Limit is { } limit ? $"{key.Secret} {key.Label}, {KeyText.Cap(limit, key.Reset)}" : $"{key.Secret} ({key.State})");
        facts.Add("address", instance.Url ?? "none: the app has no HTTP port");
        foreach (var line in SignIn(target.Manifest, instance))
            facts.Add("sign in", line);
        call.Output.Line();
        facts.Write(call.Output);
    }

    private static async Task WriteJsonAsync(Call call, OnboardTarget target, InstanceDetailResponse instance, string outcome, OperationResponse? operation)
    {
        var tenant = await call.Client.Tenants.GetAsync(target.Tenant.Name, call.CancellationToken);
        var keys = await call.Client.Llm.ListAsync(instance.Slug, call.CancellationToken).ToListAsync(call.CancellationToken);
        call.Output.Document(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("outcome", outcome);
            Output.Member(writer, "tenant", tenant);
            Output.Member(writer, "instance", instance);
            Output.Member(writer, "operation", operation);
            writer.WriteStartArray("llmKeys");
            foreach (var key in keys)
                Output.Write(writer, key);
            writer.WriteEndArray();
            Output.Texts(writer, "signIn", SignIn(target.Manifest, instance));
            writer.WriteEndObject();
        });
    }

    // A token is never printed: whoever may run commands in the instance can read it there.
    private static IEnumerable<string> SignIn(Manifest manifest, InstanceDetailResponse instance)
    {
        var tokens = manifest.Secrets.Where(s => s.Generate is { Kind: not GeneratedKind.Keypair }).Select(s => s.Name).ToList();
        if (tokens.Count == 0)
            yield return "as the app itself asks";
        foreach (var token in tokens)
            yield return $"with {token}, made for this tenant: 'tenantry exec {instance.Slug} -- cat /run/secrets/{token}' shows it";
    }
}
