using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;
using Tenantry.Cli.Writing;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry operations [show ID]</c></summary>
internal static class OperationsCommand
{
    public static Command Create(CliHost host)
    {
        var slug = new Option<string?>("--instance") { Description = "Only operations of this instance.", HelpName = "SLUG" };
        var limit = CommandOptions.Count("--limit", "At most that many of the newest.", 50);
        return new Command("operations", "List what was asked for and what came of it.") { slug, limit, Show(host) }.Does(host, async call =>
        {
            var operations = await call.Client.Operations.ListAsync(call.Value(slug), call.CancellationToken).Take(call.Value(limit)).ToListAsync(call.CancellationToken);
            if (call.Output.Json)
            {
                call.Output.Array(operations);
                return;
            }

            var table = new TextTable("ID", "KIND", "INSTANCE", "STATE", "STEPS", "BEGAN", "TOOK", "BY", "MESSAGE") { MayLack = ["BY", "STEPS", "TOOK", "BEGAN"] };
            foreach (var o in operations)
            {
                var took = (o.FinishedAt ?? host.Time.GetUtcNow()) - o.CreatedAt;
                table.Row(o.Id, o.Kind.ToString(), o.Slug, State(o), $"{o.Steps.Count(s => s.State == OperationStepState.Done)}/{o.Steps.Count}", Words.Time(o.CreatedAt), Words.Took(took), o.RequestedBy, o.Error);
            }

            table.Write(call.Output, "No operations.");
        });
    }

    private static Command Show(CliHost host)
    {
        var id = CommandOptions.Name("id", "The operation.");
        var wait = new Option<bool>("--wait") { Description = "Wait until it is finished." };
        var timeout = CommandOptions.Timeout();
        return new Command("show", "Show one operation with its steps.") { id, wait, timeout }.Does(host, async call =>
        {
            var operation = await call.Client.Operations.GetAsync(call.Required(id), call.CancellationToken);
            if (call.Value(wait))
            {
                operation = await call.WaitAsync(operation, call.Value(timeout));
                call.Ended(operation);
            }

            if (call.Output.Json)
                call.Output.Value(operation);
            else if (!call.Value(wait))
                Write(call, operation);
        });
    }

    private static void Write(Call call, OperationResponse operation)
    {
        var facts = new FactList();
        facts.Add("operation", operation.Id);
        facts.Add("what", $"{operation.Kind} {operation.Slug}, asked for by {operation.RequestedBy} at {Words.Time(operation.CreatedAt)}");
        facts.Add("state", State(operation), $"{operation.Percent} %");
        if (operation.Error is not null)
            facts.Add("error", Cell.Bad(operation.Error));
        facts.Write(call.Output);
        call.Output.Line();
        var table = new TextTable("STEP", "STATE", "TOOK", "MESSAGE");
        foreach (var s in operation.Steps)
            table.Row(s.Name, s.State.ToString(), Words.Took((s.FinishedAt ?? call.Host.Time.GetUtcNow()) - s.StartedAt), s.Message);
        table.Write(call.Output, operation.FinishedAt is null ? "No step was taken yet." : "No step was needed.");
    }

    private static Cell State(OperationResponse operation)
    {
        var text = operation.State.ToString();
        return operation.State switch
        {
            OperationState.Succeeded => Cell.Good(text),
            OperationState.Failed => Cell.Bad(text),
            OperationState.Superseded => Cell.Quiet(text),
            _ => Cell.Busy(text),
        };
    }
}
