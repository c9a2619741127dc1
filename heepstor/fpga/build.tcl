# Makes a bitstream of the project that this file lies in:  vivado -mode batch -source build.tcl
#
# The folder holds all that it needs and may be moved to another machine. What is to be built is
# in settings.tcl; project, reports and bitstream are left beside it. The exit status is 0 only if
# the design meets its timing.

set here [file dirname [file normalize [info script]]]
source [file join $here settings.tcl]

proc in_folder {folder files} {
    lmap file $files { file join $folder $file }
}

proc run_to_end {run args} {
    launch_runs $run {*}$args
    wait_on_run $run
    if {[get_property PROGRESS [get_runs $run]] ne "100%"} {
        error "$run: [get_property STATUS [get_runs $run]]"
    }
}

create_project -force $name [file join $here vivado] -part $part
add_files -norecurse [in_folder $here $sources]
set_property include_dirs [in_folder $here $include_folders] [current_fileset]
set_property top $top [current_fileset]
if {[llength $memories]} {
    add_files -norecurse [in_folder $here $memories]
}
add_files -fileset constrs_1 -norecurse [in_folder $here $constraints]

run_to_end synth_1
run_to_end impl_1 -to_step write_bitstream

open_run impl_1
report_utilization -hierarchical -file [file join $here utilization.rpt]
report_timing_summary -file [file join $here timing.rpt]
file copy -force [file join [get_property DIRECTORY [get_runs impl_1]] $top.bit] \
    [file join $here $name.bit]

foreach {kind delay} {setup max hold min} {
    set slack [get_property SLACK [get_timing_paths -delay_type $delay]]
    puts "slack of $kind: $slack ns"
    if {$slack < 0} {
        puts stderr "timing is not met: see timing.rpt, and lower clock_hz"
        exit 1
    }
}
