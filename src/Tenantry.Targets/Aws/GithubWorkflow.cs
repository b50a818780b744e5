using System.Globalization;
using System.Text;

namespace Tenantry.Targets.Aws;

/// <summary>
/// A workflow of GitHub that plans on pull requests and deploys a chosen workspace by hand. It asks the control plane and runs no Terraform of its own: two who change one state are one
/// too many. Pure.
/// </summary>
public static class GithubWorkflow
{
    /// <summary>Writes it.</summary>
    /// <param name="instances">Slug and workspace of each instance: the choices.</param>
    /// <param name="server">Address of the control plane's API.</param>
    /// <param name="app">The app that is deployed.</param>
    /// <param name="cli">Address of the archive with the program; null where runners have it.</param>
    public static string Render(IReadOnlyList<(string Slug, string Workspace)> instances, string server, string app, string? cli = null)
    {
        var text = new StringBuilder();
        void Line(string line) => text.Append(line).Append('\n');
        void Install()
        {
            Line("      - name: Have tenantry");
            Line("        run: |");
            if (cli is null)
            {
                Line("          command -v tenantry || { echo 'tenantry is not on this runner: render this workflow with --cli-url, or install it.' >&2; exit 1; }");
                return;
            }

            Line("          mkdir -p \"$RUNNER_TEMP/tenantry\"");
            Line("          curl -fsSL --proto '=https' --retry 3 -o \"$RUNNER_TEMP/tenantry.tar.gz\" \"$TENANTRY_CLI\"");
            Line("          tar -xzf \"$RUNNER_TEMP/tenantry.tar.gz\" -C \"$RUNNER_TEMP/tenantry\"");
            Line("          echo \"$RUNNER_TEMP/tenantry\" >> \"$GITHUB_PATH\"");
        }

        Line("# Made by 'tenantry render github-workflow'; made anew when a client comes or goes.");
        Line($"name: Deploy {app}");
        Line("on:");
        Line("  pull_request:");
        Line("    paths: [tenantry.yaml]");
        Line("  workflow_dispatch:");
        Line("    inputs:");
        Line("      workspace:");
        Line("        description: The client and environment to deploy to");
        Line("        required: true");
        Line("        type: choice");
        Line("        options:");
        foreach (var (_, workspace) in instances)
            Line($"          - {workspace}");
        Line("permissions:");
        Line("  contents: read");
        Line("env:");
        Line($"  TENANTRY_SERVER: {Quoted(server)}");
        if (cli is not null)
            Line($"  TENANTRY_CLI: {Quoted(cli)}");
        Line("jobs:");
        Line("  plan:");
        Line("    if: github.event_name == 'pull_request'");
        Line("    runs-on: ubuntu-latest");
        Line("    strategy:");
        Line("      fail-fast: false");
        Line("      matrix:");
        Line("        include:");
        foreach (var (slug, workspace) in instances)
            Line($"          - {{ workspace: {workspace}, slug: {slug} }}");
        Line("    environment: ${{ matrix.workspace }}");
        Line("    concurrency:");
        // One of its own: a plan that waits is replaced by a later one, and would else put a deployment out.
        Line("      group: tenantry-plan-${{ matrix.workspace }}-${{ github.event.pull_request.number }}");
        Line("      cancel-in-progress: true");
        Line("    env:");
        Line("      TENANTRY_TOKEN: ${{ secrets.TENANTRY_TOKEN }}");
        Line("    steps:");
        Line("      - uses: actions/checkout@v4");
        Install();
        Line("      - run: tenantry app apply -f tenantry.yaml --dry-run");
        Line("      - run: tenantry plan ${{ matrix.slug }} -f tenantry.yaml");
        Line("  deploy:");
        Line("    if: github.event_name == 'workflow_dispatch'");
        Line("    runs-on: ubuntu-latest");
        Line("    environment: ${{ inputs.workspace }}");
        Line("    concurrency:");
        Line("      group: tenantry-${{ inputs.workspace }}");
        Line("      cancel-in-progress: false");
        Line("    env:");
        Line("      TENANTRY_TOKEN: ${{ secrets.TENANTRY_TOKEN }}");
        Line("      WORKSPACE: ${{ inputs.workspace }}");
        Line("    steps:");
        Line("      - uses: actions/checkout@v4");
        Install();
        Line("      - id: find");
        Line("        run: |");
        Line("          case \"$WORKSPACE\" in");
        foreach (var (slug, workspace) in instances)
            Line(string.Create(CultureInfo.InvariantCulture, $"            {workspace}) slug={slug} ;;"));
        Line("            *) echo \"There is no workspace $WORKSPACE: render this workflow anew.\" >&2; exit 1 ;;");
        Line("          esac");
        Line("          echo \"slug=$slug\" >> \"$GITHUB_OUTPUT\"");
        Line("      - run: tenantry app apply -f tenantry.yaml");
        Line("      - run: tenantry deploy ${{ steps.find.outputs.slug }}");
        return text.ToString();
    }

    private static string Quoted(string text) => "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";
}
