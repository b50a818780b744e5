using System.Text.Json;
using Tenantry.Model.Plans;

namespace Tenantry.Targets.Aws.Terraform;

/// <summary>One line of a <c>-json</c> stream that means something to us.</summary>
/// <param name="Kind">What it says.</param>
/// <param name="Address">Of the resource, or empty.</param>
/// <param name="ResourceType">Such as <c>aws_vpc</c>, or empty.</param>
/// <param name="Action">What is or would be done.</param>
/// <param name="Text">For a person: why, how long, or what failed.</param>
/// <param name="Detail">The long text of a diagnostic, or empty.</param>
internal sealed record TerraformMessage(MessageKind Kind, string Address, string ResourceType, StepAction Action, string Text, string Detail = "")
{
    /// <summary>Reads a line; null for one that means nothing to us. <c>resource_drift</c> is such a one: a plan without a change prints it too.</summary>
    internal static TerraformMessage? Read(string line)
    {
        if (!line.StartsWith('{'))
            return line.Trim().Length > 0 ? new TerraformMessage(MessageKind.Said, "", "", StepAction.Update, line.Trim()) : null;
        JsonElement json;
        try
        {
            json = JsonSerializer.Deserialize<JsonElement>(line);
        }
        catch (JsonException)
        {
            return null;
        }

        return Word(json, "type") switch
        {
            "planned_change" when json.TryGetProperty("change", out var change) => Planned(change),
            "apply_start" when json.TryGetProperty("hook", out var hook) => Hook(MessageKind.Started, hook, ""),
            "apply_progress" when json.TryGetProperty("hook", out var hook) => Hook(MessageKind.Progress, hook, $"for {Seconds(hook)} s"),
            "apply_complete" when json.TryGetProperty("hook", out var hook) => Hook(MessageKind.Done, hook, $"in {Seconds(hook)} s", Word(hook, "id_value") ?? ""),
            "apply_errored" when json.TryGetProperty("hook", out var hook) => Hook(MessageKind.Failed, hook, ""),
            "diagnostic" when json.TryGetProperty("diagnostic", out var diagnostic) => Diagnostic(diagnostic),
            "outputs" when json.TryGetProperty("outputs", out var outputs) && OutputsChange(outputs) => new(MessageKind.OutputsChange, "", "", StepAction.Update, ""),
            _ => null,
        };
    }

    private static TerraformMessage? Planned(JsonElement change)
    {
        StepAction? action = Word(change, "action") switch
        {
            "create" => StepAction.Create,
            "update" or "move" => StepAction.Update,
            "replace" => StepAction.Replace,
            "delete" or "remove" => StepAction.Delete,
            _ => null,
        };
        return action is { } known && change.TryGetProperty("resource", out var resource)
            ? new TerraformMessage(MessageKind.Planned, Word(resource, "addr") ?? "", Word(resource, "resource_type") ?? "", known, Why(Word(change, "reason")))
            : null;
    }

    private static TerraformMessage? Hook(MessageKind kind, JsonElement hook, string text, string detail = "")
    {
        StepAction? action = Word(hook, "action") switch
        {
            "create" => StepAction.Create,
            "update" => StepAction.Update,
            "delete" => StepAction.Delete,
            "replace" => StepAction.Replace,
            _ => null,
        };
        return action is { } known && hook.TryGetProperty("resource", out var resource)
            ? new TerraformMessage(kind, Word(resource, "addr") ?? "", Word(resource, "resource_type") ?? "", known, text, detail)
            : null;
    }

    private static TerraformMessage? Diagnostic(JsonElement diagnostic) => Word(diagnostic, "severity") == "error"
        ? new TerraformMessage(MessageKind.Error, Word(diagnostic, "address") ?? "", "", StepAction.Update, Word(diagnostic, "summary") ?? "", Word(diagnostic, "detail") ?? "")
        : null;

    // Before a change each output says what happens to it; afterwards it has a value and no action.
    private static bool OutputsChange(JsonElement outputs) => outputs.ValueKind == JsonValueKind.Object
        && outputs.EnumerateObject().Any(output => Word(output.Value, "action") is { } action && action != "noop");

    private static string Why(string? reason) => reason switch
    {
        null => "",
        "tainted" => "it was not finished",
        "cannot_update" => "what changed cannot be changed in place",
        "delete_because_no_resource_config" => "it is no longer wanted",
        _ => reason.Replace('_', ' '),
    };

    private static string Seconds(JsonElement hook) => hook.TryGetProperty("elapsed_seconds", out var seconds) ? seconds.GetRawText() : "?";

    private static string? Word(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

/// <summary>What a line says.</summary>
internal enum MessageKind
{
    Planned,
    OutputsChange,
    Started,
    Progress,
    Done,
    Failed,
    Error,

    /// <summary>A line past the stream, as of a crash.</summary>
    Said,
}
