using System.CommandLine;
using Tenantry.Cli.Checking;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Client;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry doctor</c>: looks at everything that has to work, and says how to mend what does not.</summary>
internal static class DoctorCommand
{
    public static Command Create(CliHost host) => new Command("doctor", "Look at everything that has to work, and tell how to mend what does not.").Does(host, async call =>
    {
        var findings = new List<TargetFindingResponse>();
        var isLocal = call.Client.Address.Socket is not null;
        if (isLocal)
            LookAtFolder(call, findings);
        if (await LookAtServerAsync(call, findings))
        {
            try
            {
                await LookAtTargetsAsync(call, findings);
            }
            catch (TenantryException failed)
            {
                findings.Add(new("targets", "Missing", failed.Message, Failure.Of(failed)!.Fix));
            }
        }

        var isWell = findings.TrueForAll(f => f.Level != "Missing");
        if (call.Output.Json)
        {
            call.Output.Document(writer =>
            {
                writer.WriteStartObject();
                writer.WriteBoolean("well", isWell);
                writer.WriteStartArray("findings");
                foreach (var finding in findings)
                    Output.Write(writer, finding);
                writer.WriteEndArray();
                writer.WriteEndObject();
            });
        }
        else
        {
            foreach (var f in findings)
                FindingsText.Write(call.Output, f.Subject, f.Level, f.Message, f.Fix);
            call.Output.Line(isWell ? "All is well." : "Something is missing.");
        }

        return (int)(isWell ? ExitCode.Done : ExitCode.Failed);
    });

    private static void LookAtFolder(Call call, List<TargetFindingResponse> findings)
    {
        var folder = Path.GetDirectoryName(call.Client.Address.Socket)!;
        if (!Directory.Exists(folder))
        {
            findings.Add(new("data folder", "Missing", $"There is no {folder}.", $"tenantry serve --data {folder}"));
            return;
        }

        findings.Add(FolderSpace.Look(folder));
    }

    private static async Task<bool> LookAtServerAsync(Call call, List<TargetFindingResponse> findings)
    {
        try
        {
            var server = await call.Client.GetServerAsync(call.CancellationToken);
            var age = Words.Age(call.Host.Time.GetUtcNow() - server.StartedAt);
            findings.Add(new("control plane", "Ok", $"version {server.Version} at {call.Client.Address}, up {age}", null));
            var own = typeof(DoctorCommand).Assembly.GetName().Version?.ToString(3);
            if (own != server.Version)
                findings.Add(new("version", "Note", $"This program is {own}, the control plane {server.Version}.", "Restart it with the newer one: instances go on running."));
            findings.Add(Answers("store", server.StoreAvailable, "The database does not answer."));
            findings.Add(Answers("engine", server.EngineAvailable, "The engine does not answer."));
            findings.Add(server.Gateway is { } gateway
                ? new("gateway", "Ok", $"{gateway}, instances at SLUG.{server.BaseDomain}", null)
                : new("gateway", "Note", "No gateway is known here.", null));
            return true;
        }
        catch (Exception away) when (away is TenantryException or TenantryUnavailableException)
        {
            var failure = Failure.Of(away)!;
            findings.Add(new("control plane", "Missing", failure.Message, failure.Fix));
            return false;
        }
    }

    private static async Task LookAtTargetsAsync(Call call, List<TargetFindingResponse> findings)
    {
        var targets = await call.Client.Targets.ListAsync(call.CancellationToken).ToListAsync(call.CancellationToken);
        if (targets.Count == 0)
            findings.Add(new("targets", "Missing", "No target is configured.", "tenantry target add local"));
        foreach (var target in targets)
        {
            var report = await call.Client.Targets.CheckAsync(target.Name, call.CancellationToken);
            findings.Add(new($"target {target.Name}", report.Works ? "Ok" : "Missing", report.Works ? "works" : "does not work", null));
            findings.AddRange(report.Findings.Where(f => f.Level != "Ok").Select(f => f with { Subject = $"{target.Name}: {f.Subject}" }));
        }
    }

    private static TargetFindingResponse Answers(string subject, bool answers, string otherwise) =>
        answers ? new(subject, "Ok", "answers", null) : new(subject, "Missing", otherwise, "The log of 'tenantry serve' tells why.");
}
