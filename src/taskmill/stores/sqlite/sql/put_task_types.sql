INSERT OR REPLACE INTO task_type ({task_type}) VALUES {task_type_rows}
